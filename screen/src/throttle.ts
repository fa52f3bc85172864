/** Runs at once, then at most once in so many milliseconds, and after the last call for sure. */
export function throttled(run: () => void, every: number): () => void {
  let waiting = false
  let again = false
  const go = (): void => {
    waiting = true
    again = false
    run()
    setTimeout(() => {
      waiting = false
      if (again) go()
    }, every)
  }
  return () => {
    if (waiting) again = true
    else go()
  }
}
