import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WidgetKind } from './kinds.js';
import { configMap, widgetKind } from './kinds.js';
import { hasKubectl, WITHOUT_KUBECTL } from '../../support/kubectl.js';
import { Kubectl } from './kubectl.js';
import type { TestCluster } from './test-cluster.js';
import { startTestCluster } from './test-cluster.js';

let cluster: TestCluster;
let kubectl: Kubectl;
let widgets: WidgetKind;

const ok = (line: string, input?: unknown) => kubectl.ok(line, input);
const map = (name: string, data: Record<string, string>) => configMap(cluster.namespace, name, data);

describe.skipIf(!hasKubectl)(`kubectl and kinds${WITHOUT_KUBECTL}`, () => {
  beforeAll(async () => {
    cluster = await startTestCluster();
    kubectl = new Kubectl(cluster);
    widgets = widgetKind(cluster.namespace);
    await cluster.install(widgets.definition);
  });
  afterAll(() => cluster.close());

  it('applies, gets in every form, explains, edits, scales and deletes a custom resource', async () => {
    const made = (size: number, more = {}) => ({
      ...widgets.widget('w', size, more),
      metadata: { name: 'w', labels: { shop: 'a' } },
    });
    const { resource, short, category } = widgets;
    await ok(`wait --for=condition=Established crd/widgets.${resource.group} --timeout=90s`);
    expect(await ok('apply -f -', made(3))).toBe(`widget.${resource.group}/w created\n`);
    expect(await ok('apply -f -', made(3))).toBe(`widget.${resource.group}/w unchanged\n`);
    expect(await ok('apply -f -', made(4))).toBe(`widget.${resource.group}/w configured\n`);
    expect((await kubectl.run('diff -f -', made(5))).out).toMatch(/^-\s+size: 4\n\+\s+size: 5$/m);
    expect(await ok(`get ${short}`)).toBe('NAME   SIZE\nw      4\n');
    expect(await ok(`get ${short} -o wide`)).toBe('NAME   SIZE   COLOR\nw      4      red\n');
    expect(await ok(`get ${short} w -o yaml`)).toContain('size: 4');
    expect(JSON.parse(await ok(`get ${short} w -o json`))).toMatchObject({
      kind: 'Widget',
      spec: { size: 4, color: 'red' },
    });
    expect(await ok(`get ${short} w -o jsonpath={.spec.size}`)).toBe('4');
    expect(await ok(`get ${short} -o custom-columns=N:.metadata.name,C:.spec.color`)).toMatch(
      /^N\s+C\nw\s+red\n$/,
    );
    expect(await ok(`get ${category} -o name`)).toContain(`widget.${resource.group}/w`);
    expect(await ok(`get ${short} -l shop=a -o name`)).toBe(`widget.${resource.group}/w\n`);
    expect(await ok(`describe ${short} w`)).toMatch(/Spec:\n\s+Color:\s+red/);
    expect(await ok(`explain ${short}.spec`)).toContain('How big it is.');
    expect(await ok(`explain ${short} --recursive`)).toMatch(/replicas\t<integer>/);
    expect(await ok(`patch ${short} w --type=merge -p '{"spec":{"color":"blue"}}'`)).toContain('patched');
    expect(
      await ok(`patch ${short} w --type=json -p '[{"op":"replace","path":"/spec/size","value":5}]'`),
    ).toContain('patched');
    expect(await ok(`scale ${short} w --replicas=3`)).toContain('scaled');
    expect(await ok(`get ${short} w -o jsonpath={.spec.color}{.spec.size}{.spec.replicas}`)).toBe('blue53');
    await ok(
      `patch ${short} w --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Done","status":"True"}]}}'`,
    );
    expect(await ok(`wait --for=condition=Done ${short}/w --timeout=90s`)).toContain('condition met');
    expect(await ok(`delete ${short} w`)).toContain('deleted');
  });

  it('refuses bad input in the words of the API', async () => {
    const bad = (spec: object) => ({ ...widgets.widget('bad', 1), spec });
    expect((await kubectl.run('apply -f -', bad({ size: 0 }))).err).toContain(
      'spec.size in body should be greater than or equal to 1',
    );
    expect((await kubectl.run('apply -f -', bad({ size: 'many' }))).err).toContain('must be of type integer');
    expect((await kubectl.run('apply -f -', bad({ size: 1, bogus: 1 }))).err).toContain(
      'unknown field "spec.bogus"',
    );
    expect((await kubectl.run('get pod nobody')).err).toContain('pods "nobody" not found');
  });

  it('applies on the server, with conflicts between managers', async () => {
    await ok('apply --server-side --field-manager=one -f -', map('shared', { a: '1' }));
    const refused = await kubectl.run(
      'apply --server-side --field-manager=two -f -',
      map('shared', { a: '2' }),
    );
    expect(refused.err).toContain('Apply failed with 1 conflict: conflict with "one": .data.a');
    await ok('apply --server-side --field-manager=two --force-conflicts -f -', map('shared', { a: '2' }));
    expect(await ok('get cm shared --show-managed-fields -o yaml')).toMatch(/manager: two/);
  });

  it('creates every kind that it has a command for', async () => {
    await ok('create serviceaccount account');
    const lines = [
      'secret generic hidden --from-literal=k=v',
      'secret docker-registry registry --docker-server=a --docker-username=b --docker-password=c',
      'token account',
      'service clusterip inner --tcp=80:8080',
      'service externalname outer --external-name=example.dev',
      'role reader --verb=get,list --resource=pods',
      'rolebinding readers --role=reader --serviceaccount=default:account',
      'quota few --hard=pods=30',
      'poddisruptionbudget calm --selector=app=calm --min-available=1',
      `job once --image=x -- true`,
      `cronjob nightly --image=x '--schedule=0 0 * * *' -- true`,
      'ingress door --rule=example.dev/=inner:80',
      'deployment web --image=x --replicas=0',
    ];
    await Promise.all(lines.map((line) => ok(`create ${line}`)));
    expect(await ok('get rolebinding readers -o jsonpath={.subjects[0].name}{.roleRef.name}')).toBe(
      'accountreader',
    );
    expect(await ok('get svc inner -o jsonpath={.spec.ports[0].targetPort}')).toBe('8080');
    expect(await ok('get ingress door -o jsonpath={.spec.rules[0].host}{..service.port.number}')).toBe(
      'example.dev80',
    );
    expect(await ok('get secret hidden -o jsonpath={.data.k}')).toBe('dg==');
    // Cluster-wide ones are named after the namespace, which is this run's alone.
    const wide = [
      `clusterrole ${cluster.namespace} --verb=get --resource=nodes`,
      `clusterrolebinding ${cluster.namespace} --clusterrole=${cluster.namespace} --user=nobody`,
      `priorityclass ${cluster.namespace} --value=100 --description=low`,
    ];
    await Promise.all(wide.map((line) => ok(`create ${line}`)));
    expect(await ok(`get pc ${cluster.namespace} -o jsonpath={.value}`)).toBe('100');
    await ok(`delete clusterrole,clusterrolebinding,priorityclass ${cluster.namespace}`);
    await ok('scale deployment web --current-replicas=0 --replicas=0');
    expect((await kubectl.run('scale deployment web --current-replicas=7 --replicas=1')).err).toContain(
      'Expected replicas to be 7, was 0',
    );
    await ok('set image deployment/web x=y');
    expect(await ok('get deployment web -o jsonpath={..image}')).toBe('y');
    await ok('delete job,cronjob,deployment,ingress --all');
  });
});
