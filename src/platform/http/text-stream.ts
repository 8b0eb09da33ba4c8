/** How long a slow reader is trusted before it is checked again. */
const trustMs = 10_000
/** How many pieces are read before the response begins, so that a database that is down is still a 503. */
const readFirst = 2

/**
 * Streams pieces of text as UTF-8, only as fast as the client reads. Calls `check` every ten seconds: if it throws, or
 * the next piece fails, the stream breaks off.
 */
export async function streamText(
  pieces: AsyncGenerator<string>,
  check: () => Promise<void>,
): Promise<ReadableStream<Uint8Array>> {
  const begun: IteratorResult<string>[] = []
  for (let n = 0; n < readFirst; n++) begun.push(await pieces.next())
  const encoder = new TextEncoder()
  let checkedAt = Date.now()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (Date.now() - checkedAt >= trustMs) {
          await check()
          checkedAt = Date.now()
        }
        const { value, done } = begun.shift() ?? (await pieces.next())
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await pieces.return(undefined)
      },
    },
    // Read nothing ahead of the client.
    { highWaterMark: 0 },
  )
}
