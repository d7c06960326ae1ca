# Reads forms with Rack behind WEBrick, and says in base64 what it found: file name, file and metadata, a line each.
# The first line of the output is the port on loopback; the end of the input is the end of the server.
require "rack"
require "webrick"

APP = lambda do |environment|
  form = Rack::Request.new(environment).POST
  file, metadata = form.fetch("file"), form.fetch("metadata")
  # a part with a file name counts as a file
  metadata = metadata[:tempfile].read if metadata.is_a?(Hash)
  told = [file.fetch(:filename).to_s, file.fetch(:tempfile).read, metadata]
  [200, { "Content-Type" => "text/plain" }, [told.map { |part| [part].pack("m0") + "\n" }.join]]
rescue StandardError => refused
  [400, { "Content-Type" => "text/plain" }, ["#{refused.class}: #{refused.message}"]]
end

log = WEBrick::Log.new(File::NULL)
server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: 0, Logger: log, AccessLog: [])
server.mount("/", Rack::Handler::WEBrick, APP)
$stdout.puts(server.listeners.first.addr[1])
$stdout.flush
Thread.new { server.start }
$stdin.read
