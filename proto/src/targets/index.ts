// Which layers of a model an adapter changes, for trainers and for the estimate of their memory alike. Nouns: a target
// selection (what the user wrote), its selector (what it means for one module name), a Python pattern. Begin with
// target-selector.ts. Knows nothing of tensors.
export { PatternError } from './errors.js';
export { patternFault } from './parse-pattern.js';
export { LONGEST_PATTERN, PythonPattern } from './python-pattern.js';
export { ALL_LINEAR, isPattern, TargetSelector, type TargetSelection } from './target-selector.js';
