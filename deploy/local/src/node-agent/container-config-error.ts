/** A container cannot start yet because something that its pod names is missing; the agent tries again. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/** A volume of the pod cannot be made: as of a kubelet, Events tell it, and the containers wait as if they were being made. */
export class VolumeMountError extends Error {
  override readonly name = 'VolumeMountError';
}
