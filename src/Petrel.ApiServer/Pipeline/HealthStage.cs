using Petrel.ApiServer.Health;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Answers health checks and <c>/version</c>, which anybody may ask for.</summary>
internal sealed class HealthStage(HealthPaths health) : IRequestStage
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse?> EnterAsync(RequestContext context) =>
        new(HealthPaths.IsOpen(context.Request) ? health.Answer(context.Request) : null);
}
