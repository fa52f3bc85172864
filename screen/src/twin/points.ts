/** The assets on the map: a layer of its own, drawn from arrays as the worker gives them. */
import type { CustomLayerInterface, CustomRenderMethodInput, Map } from 'maplibre-gl'
import type { Picture } from './messages.ts'

export const POINTS = 'assets'

const VERTEX = `#version 300 es
uniform mat4 matrix;
uniform float size;
in vec2 place;
in float condition;
flat out int kind;
void main() {
  kind = int(condition);
  gl_Position = matrix * vec4(place, 0.0, 1.0);
  gl_PointSize = kind == 0 ? size * 0.6 : kind > 2 ? size * (1.2 + 0.25 * condition) : size;
}`

// told by more than their colour: a silent asset is a ring, a level has the shape that the lists give it
const FRAGMENT = `#version 300 es
precision mediump float;
flat in int kind;
out vec4 colour;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float from = kind == 3 ? max(abs(at.x), abs(at.y)) * 1.15
    : kind == 5 ? max(at.y * 1.2, abs(at.x) * 1.6 - at.y * 0.8) * 1.05
    : kind == 6 ? (abs(at.x) + abs(at.y)) * 0.98
    : length(at);
  if (from > 1.0) discard;
  vec3 hue = kind == 1 ? vec3(0.20, 0.83, 0.75)
    : kind == 2 ? vec3(0.80, 0.82, 0.85)
    : kind == 3 ? vec3(0.35, 0.60, 1.0)
    : kind == 4 ? vec3(1.0, 0.86, 0.25)
    : kind == 5 ? vec3(1.0, 0.58, 0.15)
    : kind == 6 ? vec3(1.0, 0.28, 0.28)
    : vec3(0.55);
  bool ring = kind == 2;
  float alpha = ring ? smoothstep(0.45, 0.6, from) : 1.0;
  vec3 rim = kind > 2 ? vec3(1.0) : vec3(0.05, 0.08, 0.1);
  vec3 edge = from > 0.8 && !ring ? rim : hue;
  colour = vec4(edge * alpha, alpha) * (kind == 0 ? 0.5 : 1.0);
}`

export class Points implements CustomLayerInterface {
  readonly id = POINTS
  readonly type = 'custom'
  readonly renderingMode = '2d'
  #map: Map | null = null
  #program: WebGLProgram | null = null
  #buffers: [WebGLBuffer, WebGLBuffer] | null = null
  #picture: Picture | null = null
  #fresh = false
  #factor = 1

  /** Draws the assets so many times as large. */
  magnify(factor: number): void {
    this.#factor = factor
    this.#map?.triggerRepaint()
  }

  show(picture: Picture | null): void {
    this.#picture = picture
    this.#fresh = true
    this.#map?.triggerRepaint()
  }

  onAdd(map: Map, gl: WebGL2RenderingContext): void {
    this.#map = map
    this.#program = compiled(gl)
    this.#buffers = [gl.createBuffer(), gl.createBuffer()]
    this.#fresh = true
  }

  onRemove(_map: Map, gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.#program)
    for (const buffer of this.#buffers ?? []) gl.deleteBuffer(buffer)
  }

  render(gl: WebGL2RenderingContext, { defaultProjectionData }: CustomRenderMethodInput): void {
    const picture = this.#picture
    const program = this.#program
    if (!picture || !program || !this.#buffers) return
    const [places, conditions] = this.#buffers
    gl.useProgram(program)
    gl.uniformMatrix4fv(
      gl.getUniformLocation(program, 'matrix'),
      false,
      moved([...defaultProjectionData.mainMatrix], picture.origin),
    )
    const zoom = this.#map?.getZoom() ?? 12
    const size = Math.max(4, Math.min(16, (zoom - 9) * 2.2)) * devicePixelRatio * this.#factor
    gl.uniform1f(gl.getUniformLocation(program, 'size'), size)
    feed(gl, program, 'place', places, picture.places, 2, gl.FLOAT, this.#fresh)
    feed(gl, program, 'condition', conditions, picture.condition, 1, gl.UNSIGNED_BYTE, this.#fresh)
    this.#fresh = false
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
    gl.drawArrays(gl.POINTS, 0, picture.condition.length)
  }
}

function feed(
  gl: WebGL2RenderingContext,
  program: WebGLProgram,
  name: string,
  buffer: WebGLBuffer,
  data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>,
  width: number,
  type: number,
  fresh: boolean,
): void {
  const place = gl.getAttribLocation(program, name)
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
  if (fresh) gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW)
  gl.enableVertexAttribArray(place)
  gl.vertexAttribPointer(place, width, type, false, 0, 0)
}

/** The matrix for places that are told from an origin, worked out in double precision. */
function moved(matrix: number[], [x, y]: readonly [number, number]): number[] {
  const at = (place: number) => matrix[place] ?? 0
  for (let row = 0; row < 4; row++) matrix[12 + row] = at(row) * x + at(4 + row) * y + at(12 + row)
  return matrix
}

function compiled(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type)
    if (!shader) throw new Error('no shader can be made')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(program) ?? 'the assets cannot be drawn')
  }
  return program
}
