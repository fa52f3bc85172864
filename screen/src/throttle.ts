/** Waiting, and not doing too much meanwhile. */

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Runs at once, then not before it has rested, and after the last call for sure. */
export function throttled(run: () => void, rest: () => Promise<unknown>): () => void {
  let resting = false
  let again = false
  const go = async (): Promise<void> => {
    resting = true
    do {
      again = false
      run()
      await rest()
    } while (again)
    resting = false
  }
  return () => {
    if (resting) again = true
    else void go()
  }
}
