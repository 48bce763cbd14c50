using Microsoft.Extensions.Logging;

namespace Petrel.Agent.Pods;

/// <summary>Log messages about the containers of pods.</summary>
internal static partial class AgentPodLog
{
    [LoggerMessage(
        EventId = 5013,
        Level = LogLevel.Warning,
        Message = "The {Hook} hook of container {Container} of {Namespace}/{Name} failed: {Problem}"
    )]
    public static partial void HookFailed(ILogger logger, string @namespace, string name, string container, string hook, string problem);
}
