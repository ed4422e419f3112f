# Every way to write a text
variable "q_plain" {
  default = "plain"
}

variable "q_empty" {
  default = ""
}

variable "q_quotes" {
  default = "say \"hi\""
}

variable "q_newline" {
  default = "a\nb\r\n\tc"
}

variable "q_backslash" {
  default = "C:\\new\\table"
}

variable "q_unicode" {
  default = "caf\u00e9 \U0001F600"
}

variable "q_dollar" {
  default = "$${x} $$ $ {x} $x 5$"
}

variable "q_percent" {
  default = "%%{ if } 100% %d"
}

variable "q_braces" {
  default = "}{ # no comment // nor /* here */"
}

variable "q_nested" {
  default = "a${"b${"c"}d"}e"
}

variable "q_trim" {
  default = "a  ${~ "b" ~}  c"
}

variable "q_open_escape" {
  default = "$${open"
}

variable "q_open_percent" {
  default = "%%{open"
}

variable "q_heredoc_like" {
  default = "<<EOT"
}

variable "q_three_dollars" {
  default = "$$${x} $$$${x} %%%{y}"
}

variable "h_plain" {
  default = <<EOT
one
  two
EOT
}

variable "h_empty" {
  default = <<EOT
EOT
}

variable "h_blank_lines" {
  default = <<EOT


EOT
}

variable "h_indented_closer" {
  default = <<EOT
    kept
  EOT
}

variable "h_flush" {
  default = <<-EOT
      a
        b
      c
    EOT
}

variable "h_flush_least" {
  default = <<-EOT
        a
      b
  EOT
}

variable "h_flush_zero" {
  default = <<-EOT
a
  b
  EOT
}

variable "h_flush_blank" {
  default = <<-EOT
    a

    b
  EOT
}

variable "h_flush_blank_spaces" {
  default = <<-EOT
    a
  
    b
  EOT
}

variable "h_flush_tabs" {
  default = <<-EOT
		a
			b
	EOT
}

variable "h_flush_empty" {
  default = <<-EOT
  EOT
}

variable "h_trailing_spaces" {
  default = <<EOT
end   
		
EOT
}

variable "h_closer_spaces" {
  default = <<EOT
x
EOT   
}

variable "h_backslashes" {
  default = <<EOT
\n \t \" \u00e9 \
EOT
}

variable "h_quotes" {
  default = <<EOT
"quoted" and 'single'
EOT
}

variable "h_dollar" {
  default = <<EOT
$${x} $$ $ $HOME %%{y} 5% %d
EOT
}

variable "h_interpolated" {
  default = <<EOT
${1 + 1} ${"a"}${"b"}
EOT
}

variable "h_flush_interpolated" {
  default = <<-EOT
    ${"x"} a
      ${"y"}
    EOT
}

variable "h_flush_template_least" {
  default = <<-EOT
    ${"x"}
  ${"y"} z
  EOT
}

variable "h_flush_trailing_blank" {
  default = <<-EOT
    a
	
  EOT
}

variable "h_flush_cut" {
  default = <<-EOT
      a
      
    ${"x"}
    b
  EOT
}

variable "h_three_dollars" {
  default = <<EOT
$$${x} %%%%{y}
EOT
}

variable "h_marker_inside" {
  default = <<EOT
EOT is not alone
 EOTX
XEOT
EOT
}

variable "h_other_marker" {
  default = <<END_OF-TEXT
EOT
END_OF-TEXT
}

variable "h_lower_marker" {
  default = <<eot
EOT
eot
}

variable "h_digit_marker" {
  default = <<E1
1
E1
}

variable "h_comments" {
  default = <<EOT
# no comment
// nor this
/* nor this
EOT
}

variable "h_braces" {
  default = <<EOT
}
]
variable "not_one" {
EOT
}

variable "h_json" {
  default = <<EOT
{"a": ["b", {"c": "${"d"}"}]}
EOT
}

variable "h_unicode" {
  default = <<EOT
žluťoučký 🐴
EOT
}

variable "h_multi_line_template" {
  default = <<EOT
${
  "a"
}
EOT
}

