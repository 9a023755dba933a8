{{/* Name of an object of this release: <release>-<what>, or tuneyard-<what> in a release that is called tuneyard. */}}
{{- define "tuneyard.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains "tuneyard" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-tuneyard" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of a component; they never change. Arguments: list . "controller" */}}
{{- define "tuneyard.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ printf "tuneyard-%s" (index . 1) }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end -}}

{{/* Labels of every object of a component. Arguments: list . "controller" */}}
{{- define "tuneyard.labels" -}}
{{- $root := index . 0 -}}
{{ include "tuneyard.selectorLabels" . }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: tuneyard
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* repository:tag, or repository@digest. Arguments: list . .Values.controller.image */}}
{{- define "tuneyard.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $path := $image.repository -}}
{{- if $image.registry -}}
{{- $path = printf "%s/%s" $image.registry $image.repository -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $path $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $path ($image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "tuneyard.controllerName" -}}
{{- printf "%s-controller" (include "tuneyard.fullname" .) -}}
{{- end -}}

{{- define "tuneyard.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "tuneyard.controllerName" .) -}}
{{- end -}}

{{- define "tuneyard.coordinatorName" -}}
{{- printf "%s-coordinator" (include "tuneyard.fullname" .) -}}
{{- end -}}

{{/* What trainers dial. */}}
{{- define "tuneyard.coordinatorAddress" -}}
{{- .Values.coordinator.advertiseAddress | default (printf "%s.%s.svc:%v" (include "tuneyard.coordinatorName" .) .Release.Namespace .Values.coordinator.port) -}}
{{- end -}}

{{- define "tuneyard.redisSecret" -}}
{{- .Values.redis.existingSecret | default (printf "%s-redis" (include "tuneyard.fullname" .)) -}}
{{- end -}}

{{- define "tuneyard.natsSecret" -}}
{{- .Values.nats.existingSecret | default (printf "%s-nats" (include "tuneyard.fullname" .)) -}}
{{- end -}}

{{/*
A password that outlives upgrades: the one in the cluster if there is one, else a new one.
Arguments: list . "name of the secret" "key"
*/}}
{{- define "tuneyard.keptPassword" -}}
{{- $root := index . 0 -}}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace (index . 1) -}}
{{- if $secret -}}
{{- index $secret.data (index . 2) | b64dec -}}
{{- else -}}
{{- /* A letter first: NATS reads what starts with a digit as a number. */ -}}
{{- printf "t%s" (randAlphaNum 31) -}}
{{- end -}}
{{- end -}}

{{/* Pod Security "restricted", for every pod of the chart. */}}
{{- define "tuneyard.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "tuneyard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What trainers may reach and be reached by, beside the peers of their own job: rules of the controller's policies. */}}
{{- define "tuneyard.trainerNetwork" -}}
{{- if gt (int .Values.trainer.metricsPort) 0 }}
ingress:
  # Prometheus.
  - from:
      - namespaceSelector:
          {{- toYaml .Values.networkPolicy.metricsNamespaceSelector | nindent 10 }}
    ports:
      - port: {{ .Values.trainer.metricsPort }}
{{- else }}
ingress: []
{{- end }}
egress:
  # The coordinator.
  - to:
      - namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: {{ .Release.Namespace }}
        podSelector:
          matchLabels:
            {{- include "tuneyard.selectorLabels" (list . "controller") | nindent 12 }}
    ports:
      - port: 9090
  - to:
      - namespaceSelector: {}
        podSelector:
          matchLabels:
            k8s-app: kube-dns
    ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
  {{- with .Values.networkPolicy.trainerEgress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The account of the controller, as the API server names it. */}}
{{- define "tuneyard.controllerUser" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "tuneyard.serviceAccountName" .) -}}
{{- end -}}

{{/* Not empty where the cluster evaluates ValidatingAdmissionPolicies: Kubernetes 1.30 and newer. */}}
{{- define "tuneyard.hasPolicies" -}}
{{- if ge (.Capabilities.KubeVersion.Minor | trimSuffix "+" | int) 30 -}}
true
{{- end -}}
{{- end -}}

{{/* The part of a binding that leaves namespaces out. Argument: their names. */}}
{{- define "tuneyard.exemptNamespaces" -}}
matchResources:
  namespaceSelector:
    {{- if . }}
    matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: NotIn
        values:
          {{- toYaml . | nindent 10 }}
    {{- else }}
    {}
    {{- end }}
{{- end -}}

{{/* The namespaces to which the controller is limited, as a list of YAML; empty = all. */}}
{{- define "tuneyard.watchNamespaces" -}}
{{- if .Values.controller.watchNamespaces -}}
{{- toYaml .Values.controller.watchNamespaces -}}
{{- else if .Values.controller.watchNamespace -}}
{{- toYaml (list .Values.controller.watchNamespace) -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* Rules of a role: what the controller writes in namespaces with jobs. */}}
{{- define "tuneyard.writes" }}
  # Carries out ttlSecondsAfterFinished. The spec is never written, but by the scale.
  - apiGroups: [tuneyard.dev]
    resources: [finetunejobs]
    verbs: [delete]
  # Status is written by server-side apply, which is a patch; so is the scale of jobs that name fewer workers at most
  # than at least.
  - apiGroups: [tuneyard.dev]
    resources: [finetunejobs/status, finetunejobs/scale]
    verbs: [patch]
  # Pods and Secrets name their job as owner with blockOwnerDeletion; where the cluster checks that
  # (OwnerReferencesPermissionEnforcement), whoever writes it must be allowed to update the job's finalizers.
  - apiGroups: [tuneyard.dev]
    resources: [finetunejobs/finalizers]
    verbs: [update]
  # Workers.
  - apiGroups: ['']
    resources: [pods]
    verbs: [create, delete]
  # What a job's workers prove themselves by: written by server-side apply, never read back. The controller's own
  # authority is made by create.
  - apiGroups: ['']
    resources: [secrets]
    verbs: [create, patch]
{{- if and .Values.networkPolicy.enabled .Values.networkPolicy.trainers }}
  # Each job's trainers are confined by a policy of its own; server-side apply makes it where it is missing.
  - apiGroups: [networking.k8s.io]
    resources: [networkpolicies]
    verbs: [create, patch]
{{- end }}
  # What kubectl describe shows under a job; a repeated event is counted up by a patch. Why a worker's pod does not
  # start, such as a volume that is missing, the agents of nodes say in events alone.
  - apiGroups: ['']
    resources: [events]
    verbs: [create, patch, list]
{{- end -}}

{{/* Settings that fit together on their own, but not with each other. */}}
{{- define "tuneyard.validate" -}}
{{- if and (eq .Values.redis.mode "external") (not .Values.redis.existingSecret) -}}
{{- fail "redis.mode is external: name a Secret with the key \"url\" (rediss://user:password@host:6379/0) in redis.existingSecret" -}}
{{- end -}}
{{- if and (eq .Values.nats.mode "external") (not .Values.nats.existingSecret) -}}
{{- fail "nats.mode is external: name a Secret with the key \"url\" (tls://user:password@host:4222) in nats.existingSecret" -}}
{{- end -}}
{{- if and (gt (int .Values.controller.replicas) 1) (not .Values.controller.leaderElection) -}}
{{- fail "controller.replicas above 1 needs controller.leaderElection: two controllers that both act would fight" -}}
{{- end -}}
{{- if and .Values.controller.watchNamespaces .Values.controller.watchNamespace -}}
{{- fail "controller.watchNamespace and controller.watchNamespaces are both set: move the one name into the list" -}}
{{- end -}}
{{- if and (gt (int .Values.controller.replicas) 1) (eq .Values.redis.mode "none") -}}
{{- fail "controller.replicas above 1 needs Redis (redis.mode bundled or external): the next leader finds the workers of running jobs there" -}}
{{- end -}}
{{- end -}}
