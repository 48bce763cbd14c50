using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text;
using Petrel.Model.Api;

namespace Petrel.Agent.Probes;

/// <summary>
/// The call <c>Check</c> of the gRPC health checking protocol (grpc.health.v1): one field in the request, one in the response, over
/// HTTP/2 without TLS. The few bytes of protobuf are written and read here.
/// </summary>
internal static class GrpcHealth
{
    private const string Method = "/grpc.health.v1.Health/Check";
    private const int PrefixLength = 5;
    private const byte ServiceField = 0x0A; // field 1, length-delimited
    private const byte StatusField = 0x08; // field 1, varint
    private const int MaxResponse = 1024;
    private const int Serving = 1;

    // The names of gRPC's status codes, by number.
    private static readonly string[] CodeNames =
    [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    ];

    private static readonly string[] StatusNames = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

    /// <summary>Returns null when the service is serving, otherwise the failure message.</summary>
    public static async ValueTask<string?> CheckAsync(
        HttpClient client,
        string host,
        int port,
        string service,
        TimeSpan timeout,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var address = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{address}{Method}")
            {
                Version = client.DefaultRequestVersion,
                VersionPolicy = client.DefaultVersionPolicy,
                Content = new ByteArrayContent(Request(service)),
            };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            request.Headers.TE.ParseAdd("trailers");
            request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.35");
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            await using var body = await response.Content.ReadAsStreamAsync(both.Token);
            var buffer = new byte[MaxResponse];
            var length = await body.ReadAtLeastAsync(buffer, MaxResponse, throwOnEndOfStream: false, both.Token);
            var code = Trailer(response, "grpc-status");
            if (code is not "0")
            {
                // Unimplemented: the server has no health service.
                return code == "12"
                    ? "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                        + Trailer(response, "grpc-message")
                    : $"error: health rpc probe failed: rpc error: code = {NameOf(code)} desc = {Trailer(response, "grpc-message")}";
            }
            var status = Status(buffer.AsSpan(0, length));
            var name = status >= 0 && status < StatusNames.Length ? StatusNames[status] : $"{status}";
            return status == Serving ? null : $"service unhealthy (responded with \"{name}\")";
        }
        catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
        {
            return $"error: failed to connect service at \"{address}\": {DialProblem.OfRequest(e, host, port)}";
        }
        catch (IOException e)
        {
            return $"error: health rpc probe failed: {e.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"timeout: failed to connect service \"{address}\" within {timeout.TotalSeconds:0.###}s: context deadline exceeded";
        }
    }

    private static string NameOf(string code) =>
        int.TryParse(code, out var number) && number >= 0 && number < CodeNames.Length ? CodeNames[number] : "Unknown";

    // A message of gRPC: not compressed, its length in four bytes, then the message.
    private static byte[] Request(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        var message = new List<byte>();
        if (name.Length > 0)
        {
            message.Add(ServiceField);
            var rest = (uint)name.Length;
            for (; rest > 0x7F; rest >>= 7)
            {
                message.Add((byte)(rest | 0x80));
            }
            message.Add((byte)rest);
            message.AddRange(name);
        }
        var request = new byte[PrefixLength + message.Count];
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(1), message.Count);
        message.CopyTo(request, PrefixLength);
        return request;
    }

    // The status of a response: 0 (unknown) when the field is absent.
    private static int Status(ReadOnlySpan<byte> response) =>
        response.Length >= PrefixLength + 2 && response[PrefixLength] == StatusField ? response[PrefixLength + 1] : 0;

    // A server that fails at once sends the status with the headers instead of the trailers.
    private static string Trailer(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var trailing) ? string.Join(',', trailing)
        : response.Headers.TryGetValues(name, out var leading) ? string.Join(',', leading)
        : "";
}
