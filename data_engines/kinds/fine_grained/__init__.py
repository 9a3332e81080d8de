"""Questions by box and colour over sets drawn before."""
