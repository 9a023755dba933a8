// NF4 weights to float32. The level tables live in the heap and are passed in.

/** scales[i] = map[codes[i]] * superScales[i / 256] + offset */
export function nf4Scales(codes: usize, superScales: usize, offset: f32, map: usize, scales: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const level = load<f32>(map + (<usize>load<u8>(codes + <usize>i) << 2));
    const scale = level * load<f32>(superScales + (<usize>(i >> 8) << 2));
    store<f32>(scales + (<usize>i << 2), scale + offset);
  }
}

/** weights[i] = levels[code i] * scales[i / 64]; two codes a byte, the first in the high half. */
export function nf4Weights(packed: usize, scales: usize, levels: usize, weights: usize, size: i32): void {
  const whole = size & ~1;
  for (let i = 0; i < whole; i += 2) {
    const byte = <usize>load<u8>(packed + (<usize>i >> 1));
    const scale = load<f32>(scales + (<usize>(i >> 6) << 2));
    const to = weights + (<usize>i << 2);
    store<f32>(to, load<f32>(levels + ((byte >> 4) << 2)) * scale);
    store<f32>(to, load<f32>(levels + ((byte & 15) << 2)) * scale, 4);
  }
  if (whole < size) {
    const byte = <usize>load<u8>(packed + (<usize>whole >> 1));
    store<f32>(
      weights + (<usize>whole << 2),
      load<f32>(levels + ((byte >> 4) << 2)) * load<f32>(scales + (<usize>(whole >> 6) << 2)),
    );
  }
}
