using System.Net;
using k8s.Models;

namespace Petrel.Client.Tests;

public sealed class ApiFailuresTests
{
    [Theory]
    // status, reason, transient, outcome unknown
    [InlineData(400, "BadRequest", false, false)]
    [InlineData(401, "Unauthorized", false, false)]
    [InlineData(403, "Forbidden", false, false)]
    [InlineData(404, "NotFound", false, false)]
    [InlineData(408, "Timeout", true, true)]
    [InlineData(409, "Conflict", false, false)]
    [InlineData(409, "AlreadyExists", false, false)]
    [InlineData(410, "Expired", false, false)]
    [InlineData(413, "RequestEntityTooLarge", false, false)]
    [InlineData(422, "Invalid", false, false)]
    [InlineData(429, "TooManyRequests", true, false)]
    [InlineData(500, "InternalError", true, true)]
    [InlineData(502, "Unknown", true, true)]
    [InlineData(503, "ServiceUnavailable", true, true)]
    [InlineData(504, "Timeout", true, true)]
    [InlineData(507, "InsufficientStorage", true, false)]
    public void An_answer_of_the_API_is_judged_by_its_status(int status, string reason, bool transient, bool unknown)
    {
        var failure = new ApiException(status, new V1Status { Code = status, Reason = reason });
        foreach (var stop in new[] { CancellationToken.None, new CancellationToken(canceled: true) })
        {
            Assert.Equal(transient, ApiFailures.IsTransient(failure, stop));
            Assert.Equal(unknown, ApiFailures.IsOutcomeUnknown(failure, stop));
        }
    }

    [Fact]
    public void A_lost_connection_leaves_the_outcome_open()
    {
        foreach (var failure in new Exception[] { new IOException("reset"), new HttpIOException(HttpRequestError.ResponseEnded) })
        {
            Assert.True(ApiFailures.IsTransient(failure, default));
            Assert.True(ApiFailures.IsOutcomeUnknown(failure, default));
        }
    }

    [Fact]
    public void A_cancelled_request_is_a_failure_unless_its_caller_was_stopped()
    {
        foreach (var failure in new Exception[] { new OperationCanceledException(), new TaskCanceledException() })
        {
            Assert.True(ApiFailures.IsTransient(failure, default));
            Assert.True(ApiFailures.IsOutcomeUnknown(failure, default));
            Assert.False(ApiFailures.IsTransient(failure, new(canceled: true)));
            Assert.False(ApiFailures.IsOutcomeUnknown(failure, new(canceled: true)));
        }
    }

    [Fact]
    public void A_defect_is_not_a_failure_of_a_request()
    {
        foreach (var failure in new Exception[] { new InvalidOperationException(), new ArgumentNullException(), new FormatException() })
        {
            Assert.False(ApiFailures.IsTransient(failure, default));
            Assert.False(ApiFailures.IsOutcomeUnknown(failure, default));
        }
    }

    [Fact]
    public async Task The_HTTP_client_reports_a_lost_connection_as_an_IOException()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var key = System.Security.Cryptography.ECDsa.Create();
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=test",
            key,
            System.Security.Cryptography.HashAlgorithmName.SHA256
        ).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        using var handler = new Http.HttpApiHandler(new Uri($"https://127.0.0.1:{port}"), certificate, certificate);
        var failure = await Assert.ThrowsAsync<IOException>(async () =>
            await handler.HandleAsync(new() { Method = "GET", Path = "/api" }, TestContext.Current.CancellationToken)
        );
        Assert.True(ApiFailures.IsOutcomeUnknown(failure, default));
    }
}
