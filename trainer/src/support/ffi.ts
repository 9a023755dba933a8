import type koffi from 'koffi';

/** The FFI package; it has no build for every platform, and without it there is no native code. */
export type Ffi = typeof koffi;

export async function loadFfi(): Promise<Ffi | undefined> {
  try {
    return (await import('koffi')).default;
  } catch {
    return undefined;
  }
}
