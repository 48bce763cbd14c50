using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Petrel.Bench.Api;

/// <summary>A server of <c>petrel up</c> with one idle node, spoken to as kubectl does: TLS, client certificate, HTTP/2.</summary>
internal sealed partial class PetrelPeer : IPeer
{
    private readonly string _directory;
    private readonly string? _program;
    private readonly Uri _server;
    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2 _authority;

    private PetrelPeer(string? program, string directory)
    {
        _program = program;
        _directory = directory;
        var kubeconfig = File.ReadAllText(Path.Combine(directory, "kubeconfig"));
        _server = new Uri(ServerLine().Match(kubeconfig).Groups[1].Value);
        string Pem(string field) =>
            Encoding.UTF8.GetString(Convert.FromBase64String(Regex.Match(kubeconfig, $@"{field}: (\S+)").Groups[1].Value));
        using var pair = X509Certificate2.CreateFromPem(Pem("client-certificate-data"), Pem("client-key-data"));
        _certificate = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
        _authority = X509Certificate2.CreateFromPem(Pem("certificate-authority-data"));
        ProcessId = int.Parse(File.ReadAllText(Path.Combine(directory, "run", "server.pid")).Split(' ')[0], CultureInfo.InvariantCulture);
    }

    public string Name => _program is null ? "petrel" : "old";
    public int ProcessId { get; }

    /// <summary>Starts this build's server, or that of another build's program.</summary>
    public static async Task<PetrelPeer> StartAsync(string? program = null)
    {
        var directory = Directory.CreateTempSubdirectory("petrel-bench-").FullName;
        await RunAsync(program, "up", "--detach", "--nodes", "1", "--port", "0", "--data", directory);
        return new PetrelPeer(program, directory);
    }

    public Task<IPeerClient> ConnectAsync() => Task.FromResult<IPeerClient>(new Client(_server, _certificate, _authority));

    /// <summary>A figure of the server's own metrics, or null when it has none of that name.</summary>
    public async Task<double?> MetricAsync(string name)
    {
        using var client = new Client(_server, _certificate, _authority);
        var line = (await client.TextAsync("/metrics")).Split('\n').FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal));
        return line is null ? null : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync(_program, "down", "--data", _directory);
        _certificate.Dispose();
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task RunAsync(string? program, params string[] arguments)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Run from the repository.");
        }
        using var process = Process.Start(
            new ProcessStartInfo(program ?? Path.Combine(folder.FullName, "petrel"), arguments) { RedirectStandardOutput = true }
        )!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"petrel {string.Join(' ', arguments)} failed:\n{output}");
        }
    }

    [GeneratedRegex(@"server: (\S+)")]
    private static partial Regex ServerLine();

    private sealed class Client : IPeerClient
    {
        private readonly HttpClient _http;

        public Client(Uri server, X509Certificate2 certificate, X509Certificate2 authority)
        {
            var handler = new SocketsHttpHandler { ActivityHeadersPropagator = null };
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck,
            };
            _http = new HttpClient(handler)
            {
                BaseAddress = server,
                DefaultRequestVersion = HttpVersion.Version20,
                DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Timeout = Timeout.InfiniteTimeSpan,
            };
        }

        public async Task CreateAsync(string collection, string name, byte[] body)
        {
            using var content = Json(body, "application/json");
            using var response = await _http.PostAsync(Path(collection), content);
            response.EnsureSuccessStatusCode();
        }

        public async Task<long> GetAsync(string collection, string name) =>
            (await _http.GetByteArrayAsync($"{Path(collection)}/{name}")).LongLength;

        public async Task<long> ListAsync(string collection)
        {
            using var response = await _http.GetAsync(Path(collection), HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            await using var body = await response.Content.ReadAsStreamAsync();
            var buffer = new byte[256 * 1024];
            var total = 0L;
            for (int read; (read = await body.ReadAsync(buffer)) > 0; )
            {
                total += read;
            }
            return total;
        }

        public async Task MarkAsync(string collection, string name, string mark)
        {
            using var content = Json(
                Encoding.UTF8.GetBytes($$$"""{"metadata":{"annotations":{"mark":"{{{mark}}}"} } }"""),
                "application/merge-patch+json"
            );
            using var response = await _http.PatchAsync($"{Path(collection)}/{name}", content);
            response.EnsureSuccessStatusCode();
        }

        public async Task WatchAsync(
            string collection,
            Action<string> seen,
            TaskCompletionSource standing,
            CancellationToken cancellationToken
        )
        {
            var list = JsonDocument.Parse(await _http.GetByteArrayAsync($"{Path(collection)}?limit=1", cancellationToken));
            var version = list.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString();
            using var response = await _http.GetAsync(
                $"{Path(collection)}?watch=1&resourceVersion={version}",
                HttpCompletionOption.ResponseHeadersRead,
                cancellationToken
            );
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            standing.TrySetResult();
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                var at = line.IndexOf("\"mark\":\"", StringComparison.Ordinal) + 8;
                seen(line[at..line.IndexOf('"', at)]);
            }
        }

        public Task<string> TextAsync(string path) => _http.GetStringAsync(path);

        public void Dispose() => _http.Dispose();

        private static string Path(string collection) => $"/api/v1/namespaces/default/{collection}";

        private static ByteArrayContent Json(byte[] body, string type)
        {
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue(type);
            return content;
        }
    }
}
