using Petrel.Model.Api;

namespace Petrel.ApiServer.Dispatching;

/// <summary>Answers paths that are not resources: discovery, OpenAPI, metrics.</summary>
internal interface IPathHandler
{
    /// <summary>The paths that it answers now, for the index at <c>/</c>.</summary>
    IEnumerable<string> Paths { get; }

    /// <summary>The response; null when the path is not one of the handler's.</summary>
    ApiResponse? Answer(ApiRequest request);
}
