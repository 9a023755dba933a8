/** A container cannot start yet because something that its pod names is missing; the agent tries again. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}
