const LFS = 'version https://git-lfs.github.com/spec/';

/**
 * What lies in a file's place when it was not really fetched, with the way out; undefined for anything else.
 * @param head its first bytes; 512 are enough
 */
export function notTheFile(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 512)).toString('latin1');
  if (text.startsWith(LFS))
    return 'is a Git LFS pointer and not the file itself: run "git lfs pull" where it lies';
  if (/^(?:\u00EF\u00BB\u00BF)?\s*(?:<!doctype html|<html)\b/i.test(text))
    return 'is a web page and not the file itself: fetch it again, by the address of the raw file';
  return undefined;
}
