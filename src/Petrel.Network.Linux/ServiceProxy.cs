using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;
using Petrel.Network.Services;

namespace Petrel.Network.Linux;

/// <summary>
/// Keeps the node's <see cref="ServiceRules"/> current. Runs in the node's network namespace, and changes rules only there. The rules stay
/// when it stops, so that traffic continues while an agent restarts.
/// </summary>
public sealed partial class ServiceProxy(ApiClient client, string serviceCidr, TimeProvider time, IEntropy entropy, ILogger logger)
{
    // Combines a burst of endpoint changes into one transaction.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Watches Services and EndpointSlices until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var services = new SharedCache<V1Service>(client, time, entropy, logger);
        var slices = new SharedCache<V1EndpointSlice>(client, time, entropy, logger);
        using var changes = new WorkQueue<string>(time);
        services.OnChange(_ => changes.AddAfter("rules", Settle));
        slices.OnChange(_ => changes.AddAfter("rules", Settle));
        var caches = Task.WhenAll(services.RunAsync(cancellationToken), slices.RunAsync(cancellationToken));
        var applied = "";
        try
        {
            await Task.WhenAll(services.Synced, slices.Synced).WaitAsync(cancellationToken);
            changes.Add("rules");
            while (true)
            {
                var key = await changes.TakeAsync(cancellationToken);
                var rules = ServiceRules.Render(services.Snapshot.Values, slices.Snapshot.Values, serviceCidr);
                if (rules != applied)
                {
                    try
                    {
                        await NetworkTool.RunAsync("nft", ["-f", "-"], rules, cancellationToken);
                        applied = rules;
                    }
                    catch (CommandException e)
                    {
                        LogFailed(logger, e.Message);
                        changes.AddAfter(key, RetryDelay);
                    }
                }
                changes.Done(key);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The agent stops.
        }
        finally
        {
            await caches;
        }
    }

    [LoggerMessage(
        EventId = 8001,
        Level = LogLevel.Error,
        Message = "The service rules could not be applied and will be tried again: {Reason}"
    )]
    private static partial void LogFailed(ILogger logger, string reason);
}
