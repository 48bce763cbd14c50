using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Maintenance;
using Petrel.Model.Determinism;

namespace Petrel.ApiServer.Tests.Maintenance;

public sealed class BackgroundRetryTests
{
    [Fact]
    public async Task Work_that_a_stopping_server_refuses_ends_as_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var retry = new BackgroundRetry(TimeProvider.System, new SeededEntropy(1), NullLogger.Instance);

        var running = retry.RunAsync(
            "The test",
            _ =>
            {
                stop.Cancel();
                throw StatusErrors.InternalError("the API server is stopping");
            },
            stop.Token
        );

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
