resource "null_resource" "deploy" {
  triggers = {
    code = sha256(<<-CODE
      exports.handler = async (event) => {
        return `${jsonencode({ status = 200 })}`;
      };
    CODE
    )
  }

  provisioner "local-exec" {
    command     = <<-EOT
      set -eu
      for f in *.zip; do echo "$${f%.zip}"; done
    EOT
    interpreter = ["/bin/sh", "-c"]
  }
}

resource "local_file" "template" {
  filename = "${path.module}/out.txt"
  content  = templatefile("${path.module}/files/x.tftpl", { list = [for v in [1, 2, 3] : v * 2 if v != 2] })
}
