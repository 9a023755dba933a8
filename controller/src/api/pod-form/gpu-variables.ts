/** Chooses the GPUs that NVIDIA's runtime puts into a container; `void`: none, whatever the image says. */
export const VISIBLE_DEVICES = 'NVIDIA_VISIBLE_DEVICES';

/** Variables of NVIDIA's images and libraries that choose no device. */
const HARMLESS = /^NVIDIA_(DRIVER_CAPABILITIES|DISABLE_REQUIRE|REQUIRE_.*|TF32_OVERRIDE|.*_VERSION)$/;
const NVIDIA = 'NVIDIA_';
/** What runtimes and drivers of GPUs read to choose devices. */
const DEVICE_LISTS = [
  'CUDA_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
  'HIP_VISIBLE_DEVICES',
  'AMD_VISIBLE_DEVICES',
  'HABANA_VISIBLE_DEVICES',
  'ASCEND_VISIBLE_DEVICES',
  'ASCEND_RT_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
  'DOCKER_RESOURCE_GPU',
];

/** Whether a variable may choose the GPUs of a container. Of NVIDIA's, those that are not known not to. */
export const choosesGpus = (name: string): boolean =>
  name.startsWith(NVIDIA) ? !HARMLESS.test(name) : DEVICE_LISTS.includes(name);

/** Whether variables whose names begin with `prefix` (of `envFrom`) may choose the GPUs of a container. */
export const prefixMayChooseGpus = (prefix: string): boolean =>
  prefix.startsWith(NVIDIA) || [NVIDIA, ...DEVICE_LISTS].some((name) => name.startsWith(prefix));

/** Annotations by which a container runtime adds devices (CDI), or by which CRI-O changes how a pod is confined. */
export const ADDS_DEVICES = /^(nvidia\.)?cdi\.k8s\.io\/|^io\.kubernetes\.cri-o\.|^devices\.nri\.io/;
