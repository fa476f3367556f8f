using Microsoft.ApplicationInsights.Channel;
using Microsoft.ApplicationInsights.DataContracts;
using Microsoft.ApplicationInsights.Extensibility;

namespace Holdfast.Host.Functions;

/// <summary>
/// Takes secrets out of what Application Insights sends that was no line of the log: above all the addresses of calls, in which some services
/// want their key.
/// </summary>
internal sealed class RedactedTelemetry(Func<string, string> redact) : ITelemetryInitializer
{
    public void Initialize(ITelemetry telemetry)
    {
        switch (telemetry)
        {
            case DependencyTelemetry call:
                (call.Name, call.Target, call.Data, call.ResultCode) = (Shown(call.Name), Shown(call.Target), Shown(call.Data), Shown(call.ResultCode));
                break;
            case RequestTelemetry request:
                (request.Name, request.Source, request.Url) = (Shown(request.Name), Shown(request.Source), Shown(request.Url));
                break;
            case TraceTelemetry line:
                line.Message = Shown(line.Message);
                break;
            case EventTelemetry happened:
                happened.Name = Shown(happened.Name);
                break;
            case ExceptionTelemetry failure:
                failure.Message = Shown(failure.Message);
                foreach (var one in failure.ExceptionDetailsInfoList)
                {
                    one.Message = Shown(one.Message);
                }

                break;
        }

        telemetry.Context.Operation.Name = Shown(telemetry.Context.Operation.Name);
        var values = (telemetry as ISupportProperties)?.Properties;
        foreach (var (name, value) in values?.ToList() ?? [])
        {
            values![name] = Shown(value);
        }
    }

    private string Shown(string? text) => text is null ? null! : redact(text);

    private Uri Shown(Uri? address) => address is null ? null! : new(redact(address.OriginalString), UriKind.RelativeOrAbsolute);
}
