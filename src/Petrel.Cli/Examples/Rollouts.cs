using System.Text.Json;
using Petrel.Cli.Output;
using Petrel.LocalCluster;
using Petrel.Model.Api;

namespace Petrel.Cli.Examples;

/// <summary>Waits until the rollouts of Deployments complete, as <c>kubectl rollout status</c> does.</summary>
internal static class Rollouts
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <exception cref="UserErrorException">A rollout did not complete within the limit.</exception>
    public static async Task WaitAsync(IApiHandler api, IEnumerable<AppliedObject> objects, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        foreach (var deployment in objects.Where(o => o.Kind == "Deployment"))
        {
            var shown = "";
            while (true)
            {
                var (done, line) = await ReadAsync(api, deployment, cancellationToken);
                if (line != shown)
                {
                    Progress.Say($"{deployment.Key.Name}: {line}");
                    shown = line;
                }
                if (done)
                {
                    break;
                }
                if (TimeProvider.System.GetElapsedTime(start) > Limit)
                {
                    throw new UserErrorException(
                        $"Deployment {deployment.Key.Name} is not available after {Limit.TotalMinutes:0} minutes ({line}): "
                            + "see 'petrel status'."
                    );
                }
                await Task.Delay(Poll, cancellationToken);
            }
        }
    }

    /// <summary>Whether a Deployment's rollout is complete, and its progress.</summary>
    internal static (bool Done, string Line) Read(JsonElement deployment)
    {
        var status = deployment.TryGetProperty("status", out var s) ? s : default;
        var desired = Number(deployment.GetProperty("spec"), "replicas", 1);
        var (updated, available, all) = (
            Number(status, "updatedReplicas"),
            Number(status, "availableReplicas"),
            Number(status, "replicas")
        );
        var current = Number(status, "observedGeneration") >= Number(deployment.GetProperty("metadata"), "generation");
        return (
            current && updated == desired && all == desired && available == desired,
            $"{(current ? Math.Min(available, updated) : 0)} of {desired} pods available"
        );
    }

    private static async Task<(bool Done, string Line)> ReadAsync(
        IApiHandler api,
        AppliedObject deployment,
        CancellationToken cancellationToken
    )
    {
        var request = new ApiRequest
        {
            Method = "GET",
            Path = deployment.Path,
            Accept = "application/json",
        };
        try
        {
            var response = await api.HandleAsync(request, cancellationToken);
            if (response.IsSuccess)
            {
                using var document = JsonDocument.Parse(response.Body);
                return Read(document.RootElement);
            }
            return (false, $"the server answers {response.StatusCode}");
        }
        catch (IOException e)
        {
            return (false, e.Message);
        }
    }

    private static long Number(JsonElement element, string name, long absent = 0) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value.GetInt64() : absent;
}
