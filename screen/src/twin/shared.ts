/** The shared worker: one stream for each address, whoever asks. */
import { Stream, type Ask, type Relayed } from './stream.ts'

const streams = new Map<string, { stream: Stream; ports: Set<MessagePort> }>()

function relay(url: string, told: Relayed): void {
  for (const port of streams.get(url)?.ports ?? []) port.postMessage(told)
}

function listen({ url, renew }: Ask, port: MessagePort): void {
  const known = streams.get(url)
  const ports = (known?.ports ?? new Set<MessagePort>()).add(port)
  if (known && !renew) return port.postMessage({ event: 'joined', data: null } satisfies Relayed)
  known?.stream.close()
  streams.set(url, { stream: new Stream(url, (told) => relay(url, told)), ports })
}

/** A page that listens no more, or goes. */
function leave(port: MessagePort): void {
  for (const [url, { stream, ports }] of streams) {
    ports.delete(port)
    if (ports.size) continue
    stream.close()
    streams.delete(url)
  }
}

;(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [port] }) => {
  if (!port) return
  port.onmessage = ({ data }: MessageEvent<Ask | null>) => (data ? listen(data, port) : leave(port))
}
