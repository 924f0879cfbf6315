import './style.css'
import { render } from 'preact'

import { shellWords } from './words'

const root = document.getElementById('root')
if (root) {
  render(<h1>{shellWords.product}</h1>, root)
}
