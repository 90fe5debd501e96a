// A moving image on another grid: trilinear interpolation at affinely mapped voxels. An axis of n
// voxels is known at places in [-0.5, n - 0.5); the outermost value holds beyond the outermost
// centres, and outside is 0, as in src/imaging/resampling/interpolate.ts.
// Grid: rows and planes of the new image.

struct Params {
  // Voxels of the moving image along its axes, and those in its first slab.
  nx: u32,
  ny: u32,
  nz: u32,
  first_slab: u32,
  // Voxels of the new image along x and y.
  width: u32,
  height: u32,
}

// Invocations of a workgroup.
const LANES: u32 = 16u;
// The moving image is in two slabs of planes.
const SPLIT: bool = false;
const HALF_VOXEL: f32 = 0.5;

@group(0) @binding(0) var<uniform> params: Params;
// Rows of the map from voxels of the new image to those of the moving one.
@group(0) @binding(1) var<storage, read> to_moving: array<vec4f>;
@group(0) @binding(2) var<storage, read> moving: array<f32>;
@group(0) @binding(3) var<storage, read> second_slab: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn intensity_at(voxel: u32) -> f32 {
  if (SPLIT) {
    if (voxel >= params.first_slab) {
      return second_slab[voxel - params.first_slab];
    }
  }
  return moving[voxel];
}

fn interpolate(voxel: vec3f) -> f32 {
  let shape = vec3u(params.nx, params.ny, params.nz);
  let last = vec3f(shape - 1u);
  if (any(voxel < vec3f(-HALF_VOXEL)) || any(voxel >= last + HALF_VOXEL)) {
    return 0.0;
  }
  let within = clamp(voxel, vec3f(0.0), last);
  let cell = vec3u(within);
  let share = within - vec3f(cell);
  // Neighbours above the last voxel have weight 0; a step of 0 keeps them inside the image.
  let steps = select(vec3u(0u), vec3u(1u, params.nx, params.nx * params.ny), cell + 1u < shape);
  let at = cell.x + params.nx * (cell.y + params.ny * cell.z);
  let low = vec4f(
    intensity_at(at),
    intensity_at(at + steps.y),
    intensity_at(at + steps.z),
    intensity_at(at + steps.z + steps.y),
  );
  let high = vec4f(
    intensity_at(at + steps.x),
    intensity_at(at + steps.y + steps.x),
    intensity_at(at + steps.z + steps.x),
    intensity_at(at + steps.z + steps.y + steps.x),
  );
  let along_y = low + share.x * (high - low);
  let along_z = along_y.xz + share.y * (along_y.yw - along_y.xz);
  return along_z.x + share.z * (along_z.y - along_z.x);
}

@compute @workgroup_size(LANES)
fn resample(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let base = params.width * (group.x + params.height * group.y);
  for (var x = lane; x < params.width; x += LANES) {
    let place = vec4f(vec3f(vec3u(x, group.xy)), 1.0);
    let voxel = vec3f(
      dot(to_moving[0], place),
      dot(to_moving[1], place),
      dot(to_moving[2], place),
    );
    y[base + x] = interpolate(voxel);
  }
}
