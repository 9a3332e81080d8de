// What several parts of the page know.

export const $ = (id) => document.getElementById(id);

export const state = {
  about: null, // what /state says
  pictures: [], // of the visitor: {word, name, width, height}
  entry: null, // what is corrected
  size: null, // of the picture that is shown: {width, height} in pixels
  box: null, // of the question, in pixels of the picture: 2 or 4 numbers
};
