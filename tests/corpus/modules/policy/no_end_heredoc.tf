output "no_end_heredoc" {
  value = 1
}
# c