using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Cli.Output;
using Petrel.LocalCluster;
using Petrel.Model;
using Petrel.Model.Api;
using Spectre.Console;

namespace Petrel.Cli.Explain;

/// <summary>Reads the scheduling decisions about a pod from a server, and prints them.</summary>
public static class PodExplainer
{
    /// <summary>Prints the decisions. Returns the exit code: 0, or 1 with the reason printed when no decision is recorded.</summary>
    /// <exception cref="UserErrorException">The pod does not exist, or the server rejects the request.</exception>
    public static async Task<int> RunAsync(
        IApiHandler api,
        ObjectKey pod,
        string? format,
        IAnsiConsole console,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var path = $"/api/v1/namespaces/{Uri.EscapeDataString(pod.Namespace)}/pods/{Uri.EscapeDataString(pod.Name)}/schedulingdecision";
        var response = await api.HandleAsync(
            new ApiRequest
            {
                Method = "GET",
                Path = path,
                Accept = "application/json",
            },
            cancellationToken
        );
        using var document = JsonDocument.Parse(response.Body.IsEmpty ? "{}"u8.ToArray() : response.Body);
        if (response.IsSuccess)
        {
            if (format is not null)
            {
                StructuredOutput.Write(console.Profile.Out.Writer, format, JsonNode.Parse(document.RootElement.GetRawText())!);
            }
            else
            {
                console.Write(DecisionView.Render(pod, document.RootElement, time.GetUtcNow()));
            }
            return 0;
        }
        var message = document.RootElement.TryGetProperty("message", out var said) ? said.GetString()! : response.BodyText;
        if (response.StatusCode == 404 && Reason(document.RootElement) is { } reason)
        {
            console.WriteLine($"There is nothing to explain about pod {pod}: {reason}.");
            return 1;
        }
        throw new UserErrorException(
            response.StatusCode == 404
                ? $"There is no pod '{pod.Name}' in namespace '{pod.Namespace}'."
                : $"{message} ({response.StatusCode})"
        );
    }

    // The server reports this when the pod exists but no decision is recorded.
    private static string? Reason(JsonElement status) =>
        status.TryGetProperty("details", out var details)
        && details.TryGetProperty("kind", out var kind)
        && kind.GetString() == "pods/schedulingdecision"
        && details.TryGetProperty("causes", out var causes)
        && causes.GetArrayLength() > 0
            ? causes[0].GetProperty("message").GetString()
            : null;
}
