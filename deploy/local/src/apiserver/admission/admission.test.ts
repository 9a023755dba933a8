import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestServer, type Answer } from '../../test-server.js';

const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const ROBOT = { authorization: 'Bearer robot' };
const ALICE = { authorization: 'Bearer alice' };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    tokens: [
      { token: 'robot', user: { name: 'system:serviceaccount:yard:robot', groups: [] } },
      { token: 'alice', user: { name: 'alice', groups: ['team'] } },
    ],
  });
});
afterAll(() => server.close());

async function policy(
  name: string,
  spec: object,
  binding: object = { validationActions: ['Deny'] },
): Promise<() => Promise<void>> {
  const stored = await server.call('POST', POLICIES, { metadata: { name }, spec });
  expect(stored.status, JSON.stringify(stored.body)).toBe(201);
  const bound = await server.call('POST', BINDINGS, {
    metadata: { name },
    spec: { policyName: name, ...binding },
  });
  expect(bound.status, JSON.stringify(bound.body)).toBe(201);
  return async () => {
    await server.call('DELETE', `${BINDINGS}/${name}`);
    await server.call('DELETE', `${POLICIES}/${name}`);
  };
}

const rule = (resources: string[], operations = ['CREATE', 'UPDATE', 'DELETE'], apiGroups = ['*']) => ({
  resourceRules: [{ apiGroups, apiVersions: ['*'], operations, resources }],
});

const configMap = (name: string, labels: object = {}): object => ({ metadata: { name, labels }, data: {} });
const create = (object: object, headers = {}): Promise<Answer> =>
  server.call('POST', '/api/v1/namespaces/default/configmaps', object, headers);
const podBody = (name: string): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'a', image: 'a' }] },
});

test('an account is tied to its own labelled objects, in every way to write', async () => {
  const undo = await policy('own', {
    matchConstraints: rule(['configmaps']),
    matchConditions: [
      { name: 'robot', expression: "request.userInfo.username == 'system:serviceaccount:yard:robot'" },
    ],
    variables: [
      { name: 'any', expression: "request.operation == 'DELETE' ? oldObject : object" },
      {
        name: 'labels',
        expression: 'has(variables.any.metadata.labels) ? variables.any.metadata.labels : {}',
      },
    ],
    validations: [
      {
        expression:
          "'own' in variables.labels && (oldObject == null || 'own' in oldObject.metadata.?labels.orValue({}))",
        messageExpression: "'not an object of the robot: ' + request.name",
        reason: 'Forbidden',
      },
    ],
  });
  const one = '/api/v1/namespaces/default/configmaps/mine';
  expect((await create(configMap('mine', { own: 'yes' }), ROBOT)).status).toBe(201);
  const refused = await create(configMap('other'), ROBOT);
  expect(refused.status).toBe(403);
  expect(refused.body).toMatchObject({
    reason: 'Forbidden',
    message: `configmaps "other" is forbidden: ValidatingAdmissionPolicy 'own' with binding 'own' denied request: not an object of the robot: other`,
  });
  expect((await create(configMap('other'), ALICE)).status).toBe(201);
  const other = '/api/v1/namespaces/default/configmaps/other';
  const patch = { 'content-type': 'application/merge-patch+json', ...ROBOT };
  expect((await server.call('PATCH', one, { data: { a: '1' } }, patch)).status).toBe(200);
  expect((await server.call('PATCH', one, { metadata: { labels: null } }, patch)).status).toBe(403);
  expect((await server.call('PATCH', other, { metadata: { labels: { own: 'x' } } }, patch)).status).toBe(403);
  expect((await server.call('PUT', other, configMap('other', { own: 'x' }), ROBOT)).status).toBe(403);
  const apply = { 'content-type': 'application/apply-patch+yaml', ...ROBOT };
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', ...configMap('new') };
  const places = '/api/v1/namespaces/default/configmaps';
  expect((await server.call('PATCH', `${places}/new?fieldManager=a`, applied, apply)).status).toBe(403);
  expect((await server.call('DELETE', other, undefined, ROBOT)).status).toBe(403);
  expect((await server.call('DELETE', one, undefined, ROBOT)).status).toBe(200);
  expect((await server.call('DELETE', places, undefined, ROBOT)).status).toBe(403);
  expect((await server.call('POST', `${places}?dryRun=All`, configMap('dry'), ROBOT)).status).toBe(403);
  expect((await server.get(other)).status).toBe(200);
  await undo();
  expect((await server.call('DELETE', other, undefined, ROBOT)).status).toBe(200);
});

test('subresources are matched by name, and show their own kind of object', async () => {
  const undo = await policy('below', {
    matchConstraints: rule(['pods/binding', 'pods/eviction', 'pods/status', 'serviceaccounts/token'], ['*']),
    validations: [
      { expression: "request.kind.kind != 'Binding' || object.target.name == 'good'", message: 'bad node' },
      { expression: "request.subResource != 'eviction'", message: 'no eviction' },
      { expression: "request.subResource != 'status' || request.userInfo.username == 'alice'" },
    ],
  });
  const pods = '/api/v1/namespaces/default/pods';
  expect((await server.call('POST', pods, podBody('p'))).status).toBe(201);
  const bind = (name: string) => server.call('POST', `${pods}/p/binding`, { target: { kind: 'Node', name } });
  expect((await bind('bad')).body['message']).toContain('denied request: bad node');
  expect((await bind('good')).status).toBe(201);
  const evicted = await server.call('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } });
  expect(evicted).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
  const status = { 'content-type': 'application/merge-patch+json' };
  const running = { status: { phase: 'Running' } };
  const refused = await server.call('PATCH', `${pods}/p/status`, running, status);
  expect(refused.body['message']).toContain("failed expression: request.subResource != 'status'");
  expect((await server.call('PATCH', `${pods}/p/status`, running, { ...status, ...ALICE })).status).toBe(200);
  await undo();
});

test('an expression that fails denies, unless the policy says Ignore', async () => {
  const broken = (failurePolicy: string) => ({
    failurePolicy,
    matchConstraints: rule(['configmaps']),
    validations: [{ expression: 'object.data.missing == 1' }],
  });
  const undo = await policy('broken', broken('Fail'));
  expect((await create(configMap('x'))).body['message']).toContain('resulted in error: No such key: missing');
  await undo();
  const undoIgnored = await policy('ignored', broken('Ignore'));
  expect((await create(configMap('x'))).status).toBe(201);
  await undoIgnored();
});

test('selectors of namespaces and objects, excluded rules and names choose the writes', async () => {
  await server.call('POST', '/api/v1/namespaces', { metadata: { name: 'gpu', labels: { pool: 'gpu' } } });
  const undo = await policy(
    'chosen',
    {
      matchConstraints: {
        ...rule(['*'], ['CREATE'], ['']),
        excludeResourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['secrets'] },
        ],
        objectSelector: { matchExpressions: [{ key: 'free', operator: 'DoesNotExist' }] },
      },
      validations: [{ expression: "namespaceObject.metadata.name == 'nowhere'", message: 'closed' }],
    },
    { validationActions: ['Deny'], matchResources: { namespaceSelector: { matchLabels: { pool: 'gpu' } } } },
  );
  const post = (namespace: string, resource: string, body: object) =>
    server.call('POST', `/api/v1/namespaces/${namespace}/${resource}`, body);
  expect((await post('gpu', 'configmaps', configMap('c'))).status).toBe(422);
  expect((await post('gpu', 'configmaps', configMap('c', { free: '1' }))).status).toBe(201);
  expect((await post('gpu', 'secrets', { metadata: { name: 's' } })).status).toBe(201);
  expect((await post('default', 'configmaps', configMap('c'))).status).toBe(201);
  await undo();
});

test('a binding that only warns lets the write pass with a warning', async () => {
  const undo = await policy(
    'warns',
    {
      matchConstraints: rule(['configmaps']),
      validations: [{ expression: 'false', message: 'think twice' }],
    },
    { validationActions: ['Warn', 'Audit'] },
  );
  const answer = await create(configMap('warned'));
  expect(answer.status).toBe(201);
  expect(answer.headers.get('warning')).toContain('think twice');
  await undo();
});

test('a policy that cannot be evaluated is refused with the place of its fault', async () => {
  const answer = await server.call('POST', POLICIES, {
    metadata: { name: 'wrong' },
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: rule(['pods']),
      validations: [{ expression: 'object.spec.(' }, { expression: "'text'" }],
    },
  });
  expect(answer.status).toBe(422);
  for (const field of ['spec.paramKind', 'spec.validations[0].expression', 'spec.validations[1].expression'])
    expect(answer.body['message']).toContain(`${field}: Invalid value`);
});
