import { expressionFault, expressionsOf } from '../admission/policy-expressions.js';
import { arrayOr, at, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import { invalidValue, requiredValue } from '../schema/validate.js';
import type { Strategy } from './resource-type.js';

function defaultMatch(match: unknown): void {
  if (match === undefined || match === null) return;
  const constraints = objectOr(match);
  constraints['matchPolicy'] ??= 'Equivalent';
  constraints['namespaceSelector'] ??= {};
  constraints['objectSelector'] ??= {};
  for (const list of ['resourceRules', 'excludeResourceRules'])
    for (const rule of objectsOf(constraints[list])) rule['scope'] ??= '*';
}

function defaultPolicy(policy: JsonObject): void {
  const spec = objectOr(policy['spec']);
  spec['failurePolicy'] ??= 'Fail';
  defaultMatch(spec['matchConstraints']);
}

/** Rules for requests in CEL. Policies with parameters, and the `authorizer`, are refused here: they are not evaluated. */
export const validatingAdmissionPolicy: Strategy = {
  statusSubresource: true,
  generation: true,
  prepareCreate: defaultPolicy,
  prepareUpdate: defaultPolicy,
  validate(policy, _old, causes) {
    const spec = objectOr(policy['spec']);
    if (objectsOf(at(spec, 'matchConstraints', 'resourceRules')).length === 0)
      causes.push(requiredValue('spec.matchConstraints.resourceRules'));
    if (objectsOf(spec['validations']).length === 0 && objectsOf(spec['auditAnnotations']).length === 0)
      causes.push(requiredValue('spec.validations'));
    if (spec['paramKind'] !== undefined)
      causes.push(
        invalidValue('spec.paramKind', 'object', 'parameters are not supported by the local control plane'),
      );
    if (spec['failurePolicy'] !== 'Fail' && spec['failurePolicy'] !== 'Ignore')
      causes.push(invalidValue('spec.failurePolicy', spec['failurePolicy'], 'must be Fail or Ignore'));
    for (const [index, validation] of objectsOf(spec['validations']).entries())
      if (!textOf(validation['expression']).trim())
        causes.push(requiredValue(`spec.validations[${index}].expression`));
    for (const placed of expressionsOf(policy)) {
      const fault = expressionFault(placed);
      if (fault !== undefined) causes.push(invalidValue(placed.field, placed.expression, fault));
    }
  },
};

const ACTIONS = new Set(['Deny', 'Warn', 'Audit']);

function defaultBinding(binding: JsonObject): void {
  defaultMatch(objectOr(binding['spec'])['matchResources']);
}

export const validatingAdmissionPolicyBinding: Strategy = {
  statusSubresource: false,
  generation: true,
  prepareCreate: defaultBinding,
  prepareUpdate: defaultBinding,
  validate(binding, _old, causes) {
    const spec = objectOr(binding['spec']);
    if (!textOf(spec['policyName'])) causes.push(requiredValue('spec.policyName'));
    if (spec['paramRef'] !== undefined)
      causes.push(
        invalidValue('spec.paramRef', 'object', 'parameters are not supported by the local control plane'),
      );
    const actions = arrayOr(spec['validationActions']).map(textOf);
    if (actions.length === 0) causes.push(requiredValue('spec.validationActions'));
    for (const [index, action] of actions.entries())
      if (!ACTIONS.has(action))
        causes.push(invalidValue(`spec.validationActions[${index}]`, action, 'must be Deny, Warn or Audit'));
    if (actions.includes('Deny') && actions.includes('Warn'))
      causes.push(
        invalidValue(
          'spec.validationActions',
          actions.join(', '),
          'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ),
      );
  },
};
