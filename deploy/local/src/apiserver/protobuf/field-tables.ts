/**
 * Field numbers of the types that typed Kubernetes clients (kubectl's `create` and `auth` commands) post as protobuf.
 * `number:name:type`; types: string, bytes, int (a pointer: 0 is a value), int0 (0 means absent), bool, time,
 * quantity, int-or-string, another table, `[]type`, `{}type` (a map by string). Without a name, the fields of the other
 * table stand in the message itself.
 */
const rows: Record<string, string> = {
  ObjectMeta:
    '1:name:string 2:generateName:string 3:namespace:string 5:uid:string 6:resourceVersion:string 7:generation:int0 ' +
    '8:creationTimestamp:time 9:deletionTimestamp:time 10:deletionGracePeriodSeconds:int 11:labels:{}string ' +
    '12:annotations:{}string 13:ownerReferences:[]OwnerReference 14:finalizers:[]string',
  OwnerReference:
    '1:kind:string 3:name:string 4:uid:string 5:apiVersion:string 6:controller:bool 7:blockOwnerDeletion:bool',
  LabelSelector: '1:matchLabels:{}string 2:matchExpressions:[]LabelSelectorRequirement',
  LabelSelectorRequirement: '1:key:string 2:operator:string 3:values:[]string',
  DeleteOptions:
    '1:gracePeriodSeconds:int 2:preconditions:Preconditions 3:orphanDependents:bool 4:propagationPolicy:string 5:dryRun:[]string',
  Preconditions: '1:uid:string 2:resourceVersion:string',
  LocalObjectReference: '1:name:string',
  ObjectReference:
    '1:kind:string 2:namespace:string 3:name:string 4:uid:string 5:apiVersion:string 6:resourceVersion:string 7:fieldPath:string',
  ConfigMap: '1:metadata:ObjectMeta 2:data:{}string 3:binaryData:{}bytes 4:immutable:bool',
  Secret: '1:metadata:ObjectMeta 2:data:{}bytes 3:type:string 4:stringData:{}string 5:immutable:bool',
  Namespace: '1:metadata:ObjectMeta',
  ServiceAccount:
    '1:metadata:ObjectMeta 2:secrets:[]ObjectReference 3:imagePullSecrets:[]LocalObjectReference',
  Service: '1:metadata:ObjectMeta 2:spec:ServiceSpec',
  ServiceSpec:
    '1:ports:[]ServicePort 2:selector:{}string 3:clusterIP:string 4:type:string 5:externalIPs:[]string 7:sessionAffinity:string ' +
    '8:loadBalancerIP:string 10:externalName:string 18:clusterIPs:[]string',
  ServicePort:
    '1:name:string 2:protocol:string 3:port:int0 4:targetPort:int-or-string 5:nodePort:int0 6:appProtocol:string',
  PodTemplateSpec: '1:metadata:ObjectMeta 2:spec:PodSpec',
  Pod: '1:metadata:ObjectMeta 2:spec:PodSpec',
  PodSpec:
    '2:containers:[]Container 3:restartPolicy:string 4:terminationGracePeriodSeconds:int 5:activeDeadlineSeconds:int ' +
    '6:dnsPolicy:string 7:nodeSelector:{}string 8:serviceAccountName:string 10:nodeName:string 11:hostNetwork:bool ' +
    '15:imagePullSecrets:[]LocalObjectReference 16:hostname:string 17:subdomain:string 19:schedulerName:string ' +
    '20:initContainers:[]Container 22:tolerations:[]Toleration 24:priorityClassName:string 25:priority:int',
  Toleration: '1:key:string 2:operator:string 3:value:string 4:effect:string 5:tolerationSeconds:int',
  Container:
    '1:name:string 2:image:string 3:command:[]string 4:args:[]string 5:workingDir:string 6:ports:[]ContainerPort 7:env:[]EnvVar ' +
    '8:resources:ResourceRequirements 14:imagePullPolicy:string 16:stdin:bool 17:stdinOnce:bool 18:tty:bool',
  ContainerPort: '1:name:string 2:hostPort:int0 3:containerPort:int0 4:protocol:string 5:hostIP:string',
  EnvVar: '1:name:string 2:value:string',
  ResourceRequirements: '1:limits:{}quantity 2:requests:{}quantity',
  ResourceQuota: '1:metadata:ObjectMeta 2:spec:ResourceQuotaSpec',
  ResourceQuotaSpec: '1:hard:{}quantity 2:scopes:[]string',
  Binding: '1:metadata:ObjectMeta 2:target:ObjectReference',
  Deployment: '1:metadata:ObjectMeta 2:spec:DeploymentSpec',
  DeploymentSpec:
    '1:replicas:int 2:selector:LabelSelector 3:template:PodTemplateSpec 4:strategy:DeploymentStrategy 5:minReadySeconds:int0 ' +
    '6:revisionHistoryLimit:int 7:paused:bool 9:progressDeadlineSeconds:int',
  DeploymentStrategy: '1:type:string',
  Job: '1:metadata:ObjectMeta 2:spec:JobSpec',
  JobSpec:
    '1:parallelism:int 2:completions:int 3:activeDeadlineSeconds:int 4:selector:LabelSelector 6:template:PodTemplateSpec ' +
    '7:backoffLimit:int 8:ttlSecondsAfterFinished:int 10:suspend:bool',
  CronJob: '1:metadata:ObjectMeta 2:spec:CronJobSpec',
  CronJobSpec:
    '1:schedule:string 2:startingDeadlineSeconds:int 3:concurrencyPolicy:string 4:suspend:bool 5:jobTemplate:JobTemplateSpec ' +
    '6:successfulJobsHistoryLimit:int 7:failedJobsHistoryLimit:int',
  JobTemplateSpec: '1:metadata:ObjectMeta 2:spec:JobSpec',
  Role: '1:metadata:ObjectMeta 2:rules:[]PolicyRule',
  ClusterRole: '1:metadata:ObjectMeta 2:rules:[]PolicyRule',
  PolicyRule:
    '1:verbs:[]string 2:apiGroups:[]string 3:resources:[]string 4:resourceNames:[]string 5:nonResourceURLs:[]string',
  RoleBinding: '1:metadata:ObjectMeta 2:subjects:[]Subject 3:roleRef:RoleRef',
  ClusterRoleBinding: '1:metadata:ObjectMeta 2:subjects:[]Subject 3:roleRef:RoleRef',
  Subject: '1:kind:string 2:apiGroup:string 3:name:string 4:namespace:string',
  RoleRef: '1:apiGroup:string 2:kind:string 3:name:string',
  PriorityClass:
    '1:metadata:ObjectMeta 2:value:int 3:globalDefault:bool 4:description:string 5:preemptionPolicy:string',
  PodDisruptionBudget: '1:metadata:ObjectMeta 2:spec:PodDisruptionBudgetSpec',
  PodDisruptionBudgetSpec:
    '1:minAvailable:int-or-string 2:selector:LabelSelector 3:maxUnavailable:int-or-string',
  Ingress: '1:metadata:ObjectMeta 2:spec:IngressSpec',
  IngressSpec:
    '1:defaultBackend:IngressBackend 2:tls:[]IngressTLS 3:rules:[]IngressRule 4:ingressClassName:string',
  IngressTLS: '1:hosts:[]string 2:secretName:string',
  IngressRule: '1:host:string 2::IngressRuleValue',
  IngressRuleValue: '1:http:HTTPIngressRuleValue',
  HTTPIngressRuleValue: '1:paths:[]HTTPIngressPath',
  HTTPIngressPath: '1:path:string 2:backend:IngressBackend 3:pathType:string',
  IngressBackend: '3:resource:TypedLocalObjectReference 4:service:IngressServiceBackend',
  TypedLocalObjectReference: '1:apiGroup:string 2:kind:string 3:name:string',
  IngressServiceBackend: '1:name:string 2:port:ServiceBackendPort',
  ServiceBackendPort: '1:name:string 2:number:int0',
  Eviction: '1:metadata:ObjectMeta 2:deleteOptions:DeleteOptions',
  TokenRequest: '1:metadata:ObjectMeta 2:spec:TokenRequestSpec',
  TokenRequestSpec: '1:audiences:[]string 4:expirationSeconds:int',
  SelfSubjectReview: '1:metadata:ObjectMeta',
  SelfSubjectAccessReview: '1:metadata:ObjectMeta 2:spec:AccessReviewSpec',
  AccessReviewSpec: '1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes',
  ResourceAttributes:
    '1:namespace:string 2:verb:string 3:group:string 4:version:string 5:resource:string 6:subresource:string 7:name:string',
  NonResourceAttributes: '1:path:string 2:verb:string',
  SelfSubjectRulesReview: '1:metadata:ObjectMeta 2:spec:RulesReviewSpec',
  RulesReviewSpec: '1:namespace:string',
};

export interface ProtobufField {
  name: string;
  type: string;
}

const tables = new Map<string, Map<number, ProtobufField>>();

/** Fields of a type by number; undefined for a type that has no table. */
export function fieldTable(type: string): Map<number, ProtobufField> | undefined {
  const known = tables.get(type);
  if (known) return known;
  const row = rows[type];
  if (row === undefined) return undefined;
  const table = new Map(
    row.split(' ').map((entry): [number, ProtobufField] => {
      const [number = '', name = '', ...rest] = entry.split(':');
      return [Number(number), { name, type: rest.join(':') }];
    }),
  );
  tables.set(type, table);
  return table;
}
