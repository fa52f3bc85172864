/** A short message at the top of the page. */
import { byId } from './dom.ts'

let hiding: ReturnType<typeof setTimeout> | undefined

/** Shows a message, for good or for so many milliseconds. */
export function notify(message: string, milliseconds?: number): void {
  const notice = byId('notice')
  clearTimeout(hiding)
  notice.textContent = message
  notice.hidden = false
  if (milliseconds) hiding = setTimeout(() => (notice.hidden = true), milliseconds)
}
