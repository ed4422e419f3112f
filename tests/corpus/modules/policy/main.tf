/* Policies */
variable"tight"{type=string}
variable	"tabbed"	{
	type	=	map( string )	# why
	default	=	{	}
}
variable "loose"   {


  type      =    list ( string )

  default   = [
    "a"   ,

    # between
    "b",   // behind
    /* before */ "c" /* after */ ,
  ]   # the end


}
variable /* between */ "commented" /* again */ { # header
  /* before */ type /* name */ = /* value */ number // end
  default = /* zero? */ 0 /* yes */
}
variable "not_not" { default = !!true }
variable "minus_minus" { default = - -1 }
variable "not_number" { default = !(1 > 2) }
variable "minus_parentheses" { default = -(2 - 3) }
variable "percent" { default = "50%" }
variable "strip" { default = "a ${~ "b" ~} c" }
variable "underscore" {
  default = <<_EOT
x
_EOT
}
variable "escaped" {
  default     = "$${x"
  description = "y}"
}
variable "escaped_percent" {
  default     = "%%{x"
  description = "z}"
}
variable "broken_lines" {
  default = (
    1
    - 2
    +
    3
  )
}
variable "objects" {
  type = object({a=string,b=optional(number,1),c=object({d=list(bool)})})
  default = { a : "x", b = 2
    c : { d = [true,
      false] } }
}
variable "comment_last" {
  type = object({
    a = string # last, without line below
  })
  default = {
    # nothing
    a = "1" // one
    /* two */
  }
}
variable "any" {
  type = any # terraform-docs-ignore is no leading comment
}
variable "true" { default = true }
variable "for" { default = { "for" = 1, if = 2, in = 3, null = 4 } }
variable "if" { default = [null, ][0] == null }
output "tight"{value=1}
output	"tabbed"	{	value	=	1	}
output "weird" { value = {for k,v in {a=1}:k=>v...if v>0&&!false} }
output "splat" { value = [{a=[1]}][*].a[0] }
output "broken" {
  value = (data.external.x
    .result
    .y)
}
output "call" {
  description = ("in parentheses")
  value = merge(
    {},
    [{}, {}]...
  )
}
data "external" "x" {program=["true"]}
