// Gated activations and GELU over flat arrays of any length.
import { loadTail, sigmoid4, storeTail, tanh4 } from './math';

// @ts-ignore: decorator
@inline
function silu4(x: v128): v128 {
  return f32x4.mul(x, sigmoid4(x));
}

/** tanh(sqrt(2/pi) (x + 0.044715 x^3)) */
// @ts-ignore: decorator
@inline
function geluTanh4(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, f32x4.mul(x, x)), f32x4.splat(0.044715));
  return tanh4(f32x4.mul(f32x4.add(x, cube), f32x4.splat(0.7978845608028654)));
}

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(geluTanh4(x), f32x4.splat(1)));
}

/** Derivative of gelu, given t = geluTanh4(x). */
// @ts-ignore: decorator
@inline
function geluSlope4(x: v128, t: v128): v128 {
  const one = f32x4.splat(1), half = f32x4.splat(0.5);
  const inner = f32x4.mul(
    f32x4.splat(0.7978845608028654),
    f32x4.add(one, f32x4.mul(f32x4.splat(0.134145), f32x4.mul(x, x))),
  );
  const left = f32x4.mul(half, f32x4.add(one, t));
  return f32x4.add(left, f32x4.mul(f32x4.mul(half, x), f32x4.mul(f32x4.sub(one, f32x4.mul(t, t)), inner)));
}

// @ts-ignore: decorator
@inline
function read(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadTail(p, left);
}

// @ts-ignore: decorator
@inline
function write(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeTail(p, v, left);
}

export function swiglu(gate: usize, up: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2, left = size - i;
    write(y + at, f32x4.mul(silu4(read(gate + at, left)), read(up + at, left)), left);
  }
}

export function swigluGrad(gate: usize, up: usize, dy: usize, dGate: usize, dUp: usize, size: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2, left = size - i;
    const g = read(gate + at, left), d = read(dy + at, left);
    const s = sigmoid4(g), silu = f32x4.mul(g, s);
    write(dUp + at, f32x4.mul(d, silu), left);
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.sub(g, silu)));
    write(dGate + at, f32x4.mul(f32x4.mul(d, read(up + at, left)), slope), left);
  }
}

export function geglu(gate: usize, up: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2, left = size - i;
    write(y + at, f32x4.mul(gelu4(read(gate + at, left)), read(up + at, left)), left);
  }
}

export function gegluGrad(gate: usize, up: usize, dy: usize, dGate: usize, dUp: usize, size: i32): void {
  const one = f32x4.splat(1), half = f32x4.splat(0.5);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2, left = size - i;
    const g = read(gate + at, left), d = read(dy + at, left);
    const t = geluTanh4(g);
    write(dUp + at, f32x4.mul(d, f32x4.mul(f32x4.mul(g, half), f32x4.add(t, one))), left);
    write(dGate + at, f32x4.mul(f32x4.mul(d, read(up + at, left)), geluSlope4(g, t)), left);
  }
}

export function gelu(x: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2, left = size - i;
    write(y + at, gelu4(read(x + at, left)), left);
  }
}

export function geluGrad(x: usize, dy: usize, dx: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2, left = size - i;
    const v = read(x + at, left);
    write(dx + at, f32x4.mul(read(dy + at, left), geluSlope4(v, geluTanh4(v))), left);
  }
}
