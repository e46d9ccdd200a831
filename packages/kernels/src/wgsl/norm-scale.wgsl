// The input is x·gain; what is missing of the RMS norm is one factor, from the sums of squares that x's producer left.
@group(0) @binding(5) var<storage, read> partials: array<f32>; // [matrix.partials]

fn input_squares(first: u32, stride: u32) -> f32 {
  var sum = 0.0;
  for (var i = first; i < matrix.partials; i += stride) { sum += partials[i]; }
  return sum;
}

fn input_scale(squares: f32) -> f32 { return inverseSqrt(squares / matrix.width + matrix.epsilon); }
