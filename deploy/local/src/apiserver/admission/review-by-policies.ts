import { messageOf } from '../../errors.js';
import type { User } from '../auth/user.js';
import type { ApiContext } from '../crud/api-context.js';
import { arrayOr, at, objectsOf, textOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { forbidden, StatusError } from '../status-error.js';
import { evaluate, toDynamic } from './policy-expressions.js';
import { matchesConstraints } from './policy-match.js';
import type { WriteReview } from './write-review.js';

const GROUP = 'admissionregistration.k8s.io';
export const POLICIES = `${GROUP}/validatingadmissionpolicies`;
export const BINDINGS = `${GROUP}/validatingadmissionpolicybindings`;

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  Invalid: 422,
  RequestEntityTooLarge: 413,
};

interface Denial {
  readonly message: string;
  readonly reason: string;
}

/**
 * Evaluates every ValidatingAdmissionPolicy that is bound to a write. Throws StatusError with the first denial whose
 * binding denies; bindings that warn add a warning. Policies and their bindings themselves are never subject to them.
 */
export function reviewByPolicies(context: ApiContext, review: WriteReview, user: User): void {
  if (review.type.group === GROUP) return;
  const policies = context.store.bucket(POLICIES);
  const space = review.type.namespaced
    ? context.store.bucket('/namespaces').get('', review.namespace)
    : undefined;
  let names: JsonObject | undefined;
  for (const binding of context.store.bucket(BINDINGS).list(undefined)) {
    const policy = policies.get('', textOf(at(binding, 'spec', 'policyName')));
    if (policy === undefined) continue;
    if (!matchesConstraints(at(policy, 'spec', 'matchConstraints'), review, space, 'needs-rule')) continue;
    if (!matchesConstraints(at(binding, 'spec', 'matchResources'), review, space, 'any')) continue;
    names ??= namesOf(review, user, space);
    const [denial] = denials(policy, names);
    if (denial === undefined) continue;
    const actions = arrayOr(at(binding, 'spec', 'validationActions')).map(textOf);
    const text =
      `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' ` +
      `denied request: ${denial.message}`;
    if (actions.includes('Warn'))
      review.warnings.push(
        `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${denial.message}`,
      );
    if (actions.includes('Deny')) throw denied(review, text, denial.reason);
  }
}

function denied({ type, name }: WriteReview, text: string, reason: string): StatusError {
  const { message, details } = forbidden(type, name, text);
  return new StatusError(codes[reason] ?? 422, reason, message, {
    ...details,
    causes: [{ reason: '', message: text, field: '' }],
  });
}

function namesOf(review: WriteReview, user: User, space: KubeObject | undefined): JsonObject {
  const { group, version, resource } = review.type;
  const kind = review.kind ?? { group, version, kind: review.type.kind };
  const request = {
    kind,
    requestKind: kind,
    resource: { group, version, resource },
    requestResource: { group, version, resource },
    subResource: review.subresource ?? '',
    requestSubResource: review.subresource ?? '',
    name: review.name,
    namespace: review.namespace,
    operation: review.operation,
    userInfo: { username: user.name, groups: user.groups, ...(user.uid ? { uid: user.uid } : {}) },
    dryRun: review.dryRun,
  };
  return {
    object: toDynamic(review.object),
    oldObject: toDynamic(review.oldObject),
    request: toDynamic(request),
    namespaceObject: space === undefined ? null : toDynamic(space),
    params: null,
  };
}

/** Variables are evaluated when an expression names them, and at most once for a request. */
function withVariables(policy: KubeObject, names: JsonObject): JsonObject {
  const variables: JsonObject = {};
  const all = { ...names, variables };
  for (const { name, expression } of objectsOf(at(policy, 'spec', 'variables'))) {
    Object.defineProperty(variables, textOf(name), {
      enumerable: true,
      configurable: true,
      get: () => {
        const value = evaluate(textOf(expression), all);
        Object.defineProperty(variables, textOf(name), { value });
        return value;
      },
    });
  }
  return all;
}

/** An expression that fails counts as `failurePolicy` says: Fail (default) denies, Ignore lets the write pass. */
function denials(policy: KubeObject, requestNames: JsonObject): Denial[] {
  const ignoresErrors = at(policy, 'spec', 'failurePolicy') === 'Ignore';
  const failed = (expression: string, error: unknown): Denial[] =>
    ignoresErrors
      ? []
      : [
          {
            message: `expression '${expression}' resulted in error: ${messageOf(error).split('\n')[0]}`,
            reason: 'Invalid',
          },
        ];
  const names = withVariables(policy, requestNames);
  const errors: Denial[] = [];
  for (const condition of objectsOf(at(policy, 'spec', 'matchConditions'))) {
    const expression = textOf(condition['expression']);
    try {
      if (evaluate(expression, names) !== true) return [];
    } catch (error) {
      errors.push(...failed(expression, error));
    }
  }
  // A condition that failed decides only when no other says that the policy is not concerned.
  if (errors.length > 0) return errors;
  return objectsOf(at(policy, 'spec', 'validations')).flatMap((validation): Denial[] => {
    const expression = textOf(validation['expression']);
    try {
      if (evaluate(expression, names) === true) return [];
    } catch (error) {
      return failed(expression, error);
    }
    const reason = textOf(validation['reason']) || 'Invalid';
    return [{ message: denialMessage(validation, names), reason }];
  });
}

function denialMessage(validation: JsonObject, names: JsonObject): string {
  const spoken = textOf(validation['messageExpression']);
  if (spoken !== '') {
    try {
      const text = evaluate(spoken, names);
      if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text;
    } catch {
      // The API falls back to the fixed message when the expression fails.
    }
  }
  return textOf(validation['message']).trim() || `failed expression: ${textOf(validation['expression'])}`;
}
