/** The text of a file, as vite provides it. */
declare module '*.md?raw' {
  const text: string
  export default text
}
