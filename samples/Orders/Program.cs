using Microsoft.AspNetCore.Connections;
using Sample;
using Tallystick;

try
{
    var app = OrdersApplication.Build(args);
    app.Lifetime.ApplicationStarted.Register(() => Welcome.Print(app, Console.Out));
    await app.RunAsync();
    return 0;
}
catch (Exception error) when (error is TallystickException or SetupException or IOException or UnauthorizedAccessException)
{
    // What whoever started it can set right, such as a port or a folder that is in use, needs a sentence and no stack trace.
    Console.Error.WriteLine(error.Message);
    if (error.InnerException is AddressInUseException)
        Console.Error.WriteLine("Choose another port: ./run --port 5081");
    return 1;
}
