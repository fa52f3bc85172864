/** Places on the web's Mercator square, 0 to 1 eastward and southward. */

const HALF_TURN = 180

export function mercatorX(lng: number): number {
  return (HALF_TURN + lng) / 360
}

export function mercatorY(lat: number): number {
  const sine = Math.sin((lat * Math.PI) / HALF_TURN)
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)
}

/** Pairs of x and y from an origin, small enough for single precision; NaN stays NaN. */
export function relative(
  lng: Float64Array,
  lat: Float64Array,
  [x, y]: readonly [number, number],
): Float32Array<ArrayBuffer> {
  const places = new Float32Array(lng.length * 2)
  for (let place = 0; place < lng.length; place++) {
    places[2 * place] = mercatorX(lng[place] ?? NaN) - x
    places[2 * place + 1] = mercatorY(lat[place] ?? NaN) - y
  }
  return places
}
