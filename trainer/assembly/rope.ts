// Rotate-half position embedding: x [n, heads * 2 * half], tables [positions, half].

/** y = x turned by sign * angle of each row's position. y may be x. */
export function rope(
  x: usize, y: usize, cos: usize, sin: usize, positions: usize, n: i32, heads: i32, half: i32, sign: f32,
): void {
  const signs = f32x4.splat(sign);
  const bytes = <usize>half << 2;
  for (let i = 0; i < n; i++) {
    const at = <usize>load<i32>(positions + (<usize>i << 2)) * bytes;
    const c0 = cos + at, s0 = sin + at;
    for (let h = 0; h < heads; h++) {
      let j: usize = 0;
      for (; j + 16 <= bytes; j += 16) {
        const a = v128.load(x + j), b = v128.load(x + bytes + j);
        const c = v128.load(c0 + j), s = f32x4.mul(v128.load(s0 + j), signs);
        v128.store(y + j, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
        v128.store(y + bytes + j, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
      }
      for (; j < bytes; j += 4) {
        const a = load<f32>(x + j), b = load<f32>(x + bytes + j);
        const c = load<f32>(c0 + j), s = load<f32>(s0 + j) * sign;
        store<f32>(y + j, a * c - b * s);
        store<f32>(y + bytes + j, b * c + a * s);
      }
      x += 2 * bytes;
      y += 2 * bytes;
    }
  }
}
