/** Exact match: white space around an answer says nothing. */
export function isMatch(answer: string, reference: string): boolean {
  return answer.trim() === reference.trim();
}
