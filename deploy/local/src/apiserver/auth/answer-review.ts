import type { ApiServer } from '../http/api-server.js';
import { arrayOr, at, objectOr, stringOr, type JsonObject } from '../json.js';
import type { AccessAttributes } from './authorizer.js';
import type { User } from './user.js';

function attributesOf(spec: JsonObject): AccessAttributes {
  const resource = objectOr(spec['resourceAttributes']);
  const path = at(spec, 'nonResourceAttributes', 'path');
  const text = (key: string): string => stringOr(resource[key], '');
  return {
    verb: text('verb') || stringOr(at(spec, 'nonResourceAttributes', 'verb'), ''),
    group: text('group'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
    ...(typeof path === 'string' ? { path } : {}),
  };
}

/** Answers a question of the authentication or authorization API. */
export function answerReview(server: ApiServer, user: User, kind: string, body: JsonObject): JsonObject {
  const spec = objectOr(body['spec']);
  const answer = (status: unknown): JsonObject => ({
    ...body,
    kind,
    metadata: objectOr(body['metadata']),
    status,
  });
  switch (kind) {
    case 'SelfSubjectReview':
      return answer({ userInfo: { username: user.name, groups: user.groups } });
    case 'TokenReview': {
      const found = server.authenticator.userOfToken(stringOr(spec['token'], ''));
      if (!found) return answer({ authenticated: false, error: 'the token is not valid' });
      return answer({ authenticated: true, user: { username: found.name, groups: found.groups } });
    }
    case 'SelfSubjectRulesReview':
      return answer(server.authorizer.rules(user, stringOr(spec['namespace'], '')));
    case 'SelfSubjectAccessReview':
      return answer(server.authorizer.decide(user, attributesOf(spec)));
    default: {
      const other = { name: stringOr(spec['user'], ''), groups: arrayOr(spec['groups']).map(String) };
      return answer(server.authorizer.decide(other, attributesOf(spec)));
    }
  }
}
