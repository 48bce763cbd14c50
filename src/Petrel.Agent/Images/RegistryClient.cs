using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Petrel.Agent.Runtimes;
using Petrel.Model.Api;

namespace Petrel.Agent.Images;

/// <summary>The settings for registry access.</summary>
public sealed record RegistrySettings
{
    /// <summary>
    /// Registries (host or host:port) that are accessed over plain HTTP. Registries on the loopback interface always are.
    /// </summary>
    public IReadOnlyList<string> PlainHttp { get; init; } = [];

    /// <summary>The number of attempts for one request before the pull fails.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>The delay before the second attempt. It doubles with each further attempt.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>
/// Pulls images as the OCI distribution specification 1.1 defines it: it verifies the digests of manifests and blobs, obtains bearer
/// tokens, and resumes interrupted blob downloads where they stopped.
/// </summary>
internal sealed partial class RegistryClient(RegistrySettings settings, BlobStore blobs, TimeProvider time, ImageLimits limits)
    : IDisposable
{
    private readonly HttpClient _http = new(
        new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = TimeSpan.FromSeconds(15) }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Fetches the manifest, config and layers that are not in the store yet, and returns the manifest's descriptor.</summary>
    /// <exception cref="RuntimeException">The pull failed. The reason is <c>ErrImagePull</c>; the message contains the registry's
    /// error.</exception>
    /// <exception cref="InvalidDataException">The content from the registry does not match its digest.</exception>
    public async ValueTask<Descriptor> FetchAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var pull = new Pull(this, reference);
        var manifest = await pull.ManifestAsync(reference.Digest ?? reference.Tag!, reference.Digest, cancellationToken);
        for (var depth = 1; ReadDocument(manifest.Digest) is { Manifests: { } platforms }; depth++)
        {
            if (depth > limits.IndexDepth)
            {
                throw new InvalidDataException($"{reference} is an index of indexes, more than {limits.IndexDepth} levels deep");
            }
            var chosen = platforms.FirstOrDefault(m => m.Platform is { Os: "linux" } p && p.Architecture == ImageStore.Architecture)
                ?? throw new InvalidDataException($"no image for linux/{ImageStore.Architecture} in {reference}");
            manifest = await pull.ManifestAsync(chosen.Digest, chosen.Digest, cancellationToken);
        }
        var document = ReadDocument(manifest.Digest);
        if (document is not { Config: { } config, Layers: { } layers })
        {
            throw new InvalidDataException($"{reference} is not an image manifest");
        }
        foreach (var blob in layers.Prepend(config))
        {
            await pull.BlobAsync(blob, cancellationToken);
        }
        return manifest;
    }

    public void Dispose() => _http.Dispose();

    private ManifestDocument ReadDocument(string digest) =>
        JsonSerializer.Deserialize(blobs.Read(digest), OciJson.Default.ManifestDocument)!;

    private string BaseAddress(string registry)
    {
        var host = registry == "docker.io" ? "registry-1.docker.io" : registry;
        var colon = host.LastIndexOf(':');
        var name = colon > 0 && !host.EndsWith(']') ? host[..colon] : host;
        var plain =
            settings.PlainHttp.Contains(registry)
            || name == "localhost"
            || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));
        return $"{(plain ? "http" : "https")}://{host}/v2/";
    }

    /// <summary>The state of one pull: the repository and the bearer token.</summary>
    private sealed class Pull(RegistryClient client, ImageReference reference)
    {
        private readonly string _base = $"{client.BaseAddress(reference.Registry)}{reference.Repository}/";
        private string? _token;

        public async ValueTask<Descriptor> ManifestAsync(string tagOrDigest, string? digest, CancellationToken cancellationToken)
        {
            using var response = await SendAsync("manifests/" + tagOrDigest, 0, cancellationToken);
            var content = await ReadLimitedAsync(response.Content, cancellationToken);
            var actual = BlobStore.DigestOf(content);
            if (digest is not null && actual != digest)
            {
                throw new InvalidDataException($"digest mismatch: expected {digest}, got {actual}");
            }
            client.Put(content);
            return new Descriptor
            {
                MediaType = response.Content.Headers.ContentType?.MediaType ?? MediaTypes.Manifest,
                Digest = actual,
                Size = content.Length,
            };
        }

        public async ValueTask BlobAsync(Descriptor blob, CancellationToken cancellationToken)
        {
            if (client.Contains(blob.Digest))
            {
                return;
            }
            using var scratch = client.NewScratch();
            var file = Path.Combine(scratch.Directory, "blob");
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await DownloadAsync(blob, file, cancellationToken);
                    await client.AdoptAsync(file, blob.Digest, cancellationToken);
                    return;
                }
                catch (Exception e)
                    when (attempt < client.Attempts && (e is IOException or InvalidDataException || HttpFailures.IsConnectionFailure(e)))
                {
                    if (e is InvalidDataException)
                    {
                        // The content is wrong, not just incomplete, so it can't be resumed: discard it.
                        File.Delete(file);
                    }
                    await client.PauseAsync(attempt, cancellationToken);
                }
            }
        }

        private async ValueTask DownloadAsync(Descriptor blob, string file, CancellationToken cancellationToken)
        {
            await using var output = new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1 << 16);
            if (blob.Size < 0 || blob.Size > client.Limits.BlobBytes)
            {
                throw new RuntimeException(
                    "ErrImagePull",
                    $"failed to pull image \"{reference}\": blob {blob.Digest} has {blob.Size} bytes; "
                        + $"supported are at most {client.Limits.BlobBytes}"
                );
            }
            if (blob.Size > 0 && output.Length >= blob.Size)
            {
                return;
            }
            using var response = await SendAsync("blobs/" + blob.Digest, output.Length, cancellationToken);
            if (response.StatusCode != HttpStatusCode.PartialContent)
            {
                output.SetLength(0);
            }
            output.Position = output.Length;
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[1 << 16];
            int count;
            while ((count = await body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (output.Length + count > blob.Size)
                {
                    throw new InvalidDataException($"blob {blob.Digest} is longer than the {blob.Size} bytes of the manifest");
                }
                await output.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }

        private async ValueTask<HttpResponseMessage> SendAsync(string path, long from, CancellationToken cancellationToken)
        {
            for (var attempt = 1; ; attempt++)
            {
                HttpResponseMessage? response = null;
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, _base + path);
                    foreach (
                        var type in (string[])[MediaTypes.Index, MediaTypes.Manifest, MediaTypes.DockerList, MediaTypes.DockerManifest]
                    )
                    {
                        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
                    }
                    request.Headers.Range = from > 0 ? new RangeHeaderValue(from, null) : null;
                    request.Headers.Authorization = _token is null ? null : new AuthenticationHeaderValue("Bearer", _token);
                    response = await client._http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                    if (response.IsSuccessStatusCode)
                    {
                        return response;
                    }
                    if (response.StatusCode == HttpStatusCode.Unauthorized && _token is null)
                    {
                        _token = await TokenAsync(response, cancellationToken);
                        response.Dispose();
                        continue;
                    }
                    if (
                        (int)response.StatusCode < 500 && response.StatusCode != HttpStatusCode.TooManyRequests
                        || attempt >= client.Attempts
                    )
                    {
                        throw await RefusedAsync(response, cancellationToken);
                    }
                }
                catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
                {
                    if (attempt >= client.Attempts)
                    {
                        throw new RuntimeException(
                            "ErrImagePull",
                            $"failed to pull image \"{reference}\": {reference.Registry}: {e.Message}",
                            e
                        );
                    }
                }
                catch (RuntimeException)
                {
                    response?.Dispose();
                    throw;
                }
                response?.Dispose();
                await client.PauseAsync(attempt, cancellationToken);
            }
        }

        // The challenge names the token endpoint (realm), the service and the scope (distribution specification, token authentication).
        private async ValueTask<string> TokenAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            var challenge = response.Headers.WwwAuthenticate.FirstOrDefault(h =>
                h.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)
            );
            if (challenge?.Parameter is null)
            {
                throw await RefusedAsync(response, cancellationToken);
            }
            var fields = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (Match match in ChallengeField().Matches(challenge.Parameter))
            {
                fields[match.Groups["key"].Value] = match.Groups["value"].Value;
            }
            if (!fields.TryGetValue("realm", out var realm))
            {
                throw await RefusedAsync(response, cancellationToken);
            }
            var service = fields.TryGetValue("service", out var named) ? $"service={Uri.EscapeDataString(named)}&" : "";
            var scope = fields.TryGetValue("scope", out var asked) ? asked : $"repository:{reference.Repository}:pull";
            if (
                !Uri.TryCreate($"{realm}?{service}scope={Uri.EscapeDataString(scope)}", UriKind.Absolute, out var address)
                || address.Scheme is not ("http" or "https")
            )
            {
                throw new InvalidDataException($"{reference.Registry} names '{realm}' for tokens, which is no HTTP address");
            }
            using var answer = await client._http.GetAsync(address, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                throw await RefusedAsync(answer, cancellationToken);
            }
            var token = JsonSerializer.Deserialize(
                await ReadLimitedAsync(answer.Content, cancellationToken),
                OciJson.Default.TokenDocument
            );
            return token?.Token ?? token?.AccessToken ?? throw new InvalidDataException($"{realm} answered without a token");
        }

        private async ValueTask<RuntimeException> RefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            string? message = null;
            try
            {
                var errors = JsonSerializer.Deserialize(
                    await ReadLimitedAsync(response.Content, cancellationToken),
                    OciJson.Default.RegistryErrors
                );
                message = errors?.Errors is { Count: > 0 } list ? string.Join("; ", list.Select(e => $"{e.Code}: {e.Message}")) : null;
            }
            catch (JsonException)
            {
                // Some registries respond with HTML. Report only the status line then.
            }
            var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
            return new RuntimeException(
                "ErrImagePull",
                $"failed to pull image \"{reference}\": {reference.Registry} answered {(message is null ? status : $"{status}: {message}")}"
            );
        }

        private async ValueTask<byte[]> ReadLimitedAsync(HttpContent content, CancellationToken cancellationToken)
        {
            await content.LoadIntoBufferAsync(client.Limits.DocumentBytes, cancellationToken);
            return await content.ReadAsByteArrayAsync(cancellationToken);
        }
    }

    private int Attempts => settings.Attempts;

    private ImageLimits Limits => limits;

    private bool Contains(string digest) => blobs.Contains(digest);

    private void Put(byte[] content) => blobs.Put(content);

    private BlobStore.Scratch NewScratch() => blobs.NewScratch();

    private ValueTask<string> AdoptAsync(string file, string digest, CancellationToken cancellationToken) =>
        blobs.AdoptAsync(file, digest, cancellationToken);

    private Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(settings.RetryDelay * (1 << (attempt - 1)), time, cancellationToken);

    [GeneratedRegex("(?<key>[a-zA-Z]+)=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex ChallengeField();
}
