/** A file's text, as vite hands it over. */
declare module '*.md?raw' {
  const text: string
  export default text
}
