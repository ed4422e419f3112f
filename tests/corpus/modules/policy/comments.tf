# only
/* comments
 * here */
// and no line end