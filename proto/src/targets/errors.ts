/** A pattern that cannot be read, or that takes too many steps on a name. */
export class PatternError extends Error {}
