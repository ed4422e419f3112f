variable "l_heredocs" {
  default = [
    <<EOT
one
EOT
    ,
    <<-EOT
      two
    EOT
    , "three",
  ]
}

variable "m_heredocs" {
  default = {
    b = <<EOT
one
EOT
    a = <<-EOT
      two
        and more
    EOT
    "c" : "x",
  }
  description = <<EOT

# Title

A list:
- `a`
- `b` ${"interpolated"}

EOT
  type = map(string)
}

variable "described_with_template" {
  description = <<-EOT
    For $${aws:username}, %%{ not } a directive.
  EOT
  type        = string
}

output "o" {
  description = <<EOT
Text with trailing blanks   
EOT
  value = <<-EOT
    %{ for name in ["a", "b"] ~}
    server ${name}
    %{ endfor ~}
    %{ if true }yes%{ else }no%{ endif }
  EOT
}

output "p" {
  value = "%{ for x in [1, 2] }${x}, %{ endfor }%{ if length("x") > 0 ~} y %{~ endif }"
  description = "after \"the\" value\\"
}
