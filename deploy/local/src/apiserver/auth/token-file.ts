import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../errors.js';
import type { User } from './user.js';

/**
 * Reads a static token file as kube-apiserver knows it: one `token,user,uid[,"group1,group2"]` per line. Throws
 * UserError with file and line.
 */
export function readTokenFile(file: string): { token: string; user: User }[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`The token file ${file} cannot be read: ${messageOf(error)}.`);
  }
  return text.split('\n').flatMap((line, index) => {
    if (!line.trim() || line.startsWith('#')) return [];
    const match = /^([^,\s]+),([^,]+),([^,]*)(?:,"?([^"]*)"?)?\s*$/.exec(line);
    if (!match) throw new UserError(`${file}:${index + 1}: expected token,user,uid,"group1,group2".`);
    const [, token = '', name = '', uid = '', groups = ''] = match;
    const all = [
      ...groups
        .split(',')
        .map((group) => group.trim())
        .filter(Boolean),
      'system:authenticated',
    ];
    return [{ token, user: { name, uid, groups: all } }];
  });
}
